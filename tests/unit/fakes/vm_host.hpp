// SPDX-License-Identifier: GPL-2.0-only
// VmHost and VmxHost: machines whose console makes VMs as its driver does, by hypercalls. Nested tables and control
// blocks are the real backend's.
#pragma once

#include "tests/unit/fakes/svm_machine.hpp"
#include "tests/unit/fakes/vmx_machine.hpp"
#include "vmm/core/hypercalls.hpp"
#include "vmm/core/vm.hpp"

#include <cstring>
#include <string>

namespace vmm::test {

template <class Machine> class VmHostOn : public Machine {
  public:
    using Machine::rig_;

    // Where the console keeps what it hands over.
    static constexpr std::uint64_t kArguments = Guest::kBuffer, kPage = Guest::kBuffer + 0x8000;
    static constexpr std::uint64_t kVmCode = 0x1000;

    explicit VmHostOn(const RigOptions &options = {.spare_pieces = 16}, unsigned levels = 4)
        : Machine(options, levels) {
        for (unsigned i = 0; i < options.cpus; i++)
            this->capture(i);
    }

    // On the CPU that is played.
    HypercallResult call(std::uint64_t number, std::uint64_t rdi = 0, std::uint64_t rsi = 0, std::uint64_t rdx = 0) {
        return vmm::call(rig_.cpu(), {number, rdi, rsi, rdx});
    }
    // With a structure of the console's.
    template <class T> std::uint64_t at_arguments(const T &value) {
        std::memcpy(rig_.memory().bytes(kArguments, sizeof(T)).data(), &value, sizeof(T));
        return kArguments;
    }
    template <class T> T arguments() {
        T value;
        std::memcpy(&value, rig_.memory().bytes(kArguments, sizeof(T)).data(), sizeof(T));
        return value;
    }

    static std::uint64_t spare(unsigned n) { return Rig::kSpareRam + n * PieceMap::kSize; }
    // All CPUs come to their kicks.
    void hear_kicks();
    // Spare pieces become free ones.
    void supply(unsigned count);

    static vmnix_vm_config config(std::string_view name = "vm", unsigned vcpus = 1, std::uint64_t memory = 4 * kMega);
    HypercallResult create(const vmnix_vm_config &config) {
        return call(VMNIX_HC_VM_CREATE, at_arguments(config), sizeof(config));
    }
    // Protected mode without paging, at kVmCode.
    static vmnix_boot_state boot_state();
    HypercallResult start(std::uint64_t id, const vmnix_boot_state &state = boot_state()) {
        return call(VMNIX_HC_VM_START, id, at_arguments(state), sizeof(state));
    }
    HypercallResult order(std::uint64_t id, vmnix_vm_order order) { return call(VMNIX_HC_VM_ORDER, id, order); }
    // A VM with free pieces enough for it.
    Vm &make(const vmnix_vm_config &config);

    Vm &vm(std::uint64_t id) {
        Vm *const vm = g_vmm.vms.unguarded().find(id);
        VMM_ASSERT(vm);
        return *vm;
    }
    vmnix_memory_info memory() {
        VMM_ASSERT(call(VMNIX_HC_MEMORY, kArguments, sizeof(vmnix_memory_info)).error == 0);
        return arguments<vmnix_memory_info>();
    }
    vmnix_vm_info info(std::uint64_t id) {
        VMM_ASSERT(call(VMNIX_HC_VM_INFO, id, kArguments, sizeof(vmnix_vm_info)).error == 0);
        return arguments<vmnix_vm_info>();
    }

    // The console's vCPU here has nothing to do, so that the CPU is free for others.
    void halt_console(unsigned index = 0) {
        World &console = rig_.cpu(index).console;
        (void)console.mailbox.take(); // flushes that were asked for
        console.halted = console.halted_open = true;
    }
    // Whose turn it is now.
    World *turn(unsigned index = 0);

  private:
    unsigned supplied_ = 0;
};

extern template class VmHostOn<SvmMachine>;
extern template class VmHostOn<VmxMachine>;
using VmHost = VmHostOn<SvmMachine>;
using VmxHost = VmHostOn<VmxMachine>;

} // namespace vmm::test
