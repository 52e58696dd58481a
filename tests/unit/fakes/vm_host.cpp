// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/fakes/vm_host.hpp"

#include "vmm/core/interrupts.hpp"
#include "vmm/core/schedule.hpp"

#include <algorithm>

namespace vmm::test {

template <class Machine> void VmHostOn<Machine>::hear_kicks() {
    for (unsigned i = 0; i < rig_.cpus(); i++) {
        rig_.play(i);
        if (rig_.cpu(i).kicks == 0)
            continue;
        rig_.put_in_service(i, kKickVector);
        take_interrupt(rig_.cpu(i));
        rig_.cpu(i).kicks = 0;
    }
    rig_.play(0);
}

template <class Machine> void VmHostOn<Machine>::supply(unsigned count) {
    for (unsigned i = 0; i < count; i++)
        VMM_ASSERT(call(VMNIX_HC_GIVE, spare(supplied_++)).error == 0);
    hear_kicks();
    while (g_vmm.ram.pieces().pieces(Owner::Dirty) != 0)
        VMM_ASSERT(call(VMNIX_HC_SCRUB).error == 0);
}

template <class Machine>
vmnix_vm_config VmHostOn<Machine>::config(std::string_view name, unsigned vcpus, std::uint64_t memory) {
    vmnix_vm_config config{};
    config.size = sizeof(config);
    config.vcpus = vcpus;
    config.memory = memory;
    config.epoch = 1'700'000'000'000'000'000;
    std::ranges::copy(name, config.name);
    std::ranges::copy(name.substr(0, sizeof(config.uuid)), config.uuid);
    config.share.shares = 1000;
    config.console_size = 2 * kPageSize;
    return config;
}

template <class Machine> vmnix_boot_state VmHostOn<Machine>::boot_state() {
    vmnix_boot_state state{};
    const vmnix_segment code{0x10, 0xc9b, 0xffffffff, 0}, data{0x18, 0xc93, 0xffffffff, 0};
    state.rip = kVmCode;
    state.rflags = x86::rflags::Fixed;
    state.cr0 = x86::cr0::PE | x86::cr0::ET;
    state.cs = code;
    state.ds = state.es = state.fs = state.gs = state.ss = data;
    state.tr = {0x20, 0x8b, 0x67, 0};
    state.ldtr = {0, 0x82, 0, 0};
    return state;
}

template <class Machine> Vm &VmHostOn<Machine>::make(const vmnix_vm_config &config) {
    HypercallResult made = create(config);
    if (made.error == VMNIX_HC_ENOMEM) {
        supply(static_cast<unsigned>(made.rdi - g_vmm.ram.pieces().pieces(Owner::Free)));
        made = create(config);
    }
    VMM_ASSERT(made.error == 0);
    return vm(made.rdi);
}

template <class Machine> World *VmHostOn<Machine>::turn(unsigned index) {
    rig_.play(index);
    World *const world = choose(rig_.cpu(index));
    if (world)
        rig_.cpu(index).current = world;
    rig_.play(0);
    return world;
}

template class VmHostOn<SvmMachine>;
template class VmHostOn<VmxMachine>;

} // namespace vmm::test
