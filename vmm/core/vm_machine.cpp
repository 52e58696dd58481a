// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/core/vm_machine.hpp"

#include "vmm/core/interrupts.hpp"
#include "vmm/core/schedule.hpp"
#include "vmm/core/vmm.hpp"

namespace vmm {
namespace {

// What is taken under the lock and carried out without it.
struct MachineOutput {
    std::array<Ipi, 4> messages;
    unsigned message_count = 0;
    device::Ending ending = device::Ending::None;
    bool more = false; // messages
    bool look = false; // the first vCPU shall look: at the 8259, or at an earlier deadline
    bool tell_reader = false;
};

std::uint64_t tsc_at(const Vm &vm, std::uint64_t clock) {
    if (clock == device::kNever)
        return ApicTimer::kNever;
    constexpr std::uint64_t kMillion = 1000000;
    const std::uint64_t khz = g_vmm.handover->tsc_khz;
    return vm.created_tsc + clock / kMillion * khz + clock % kMillion * khz / kMillion + 1; // never early
}

// Stores the new deadline; true when it is earlier than what the first vCPU waits for.
bool follow_deadline(Vm &vm, const device::Board &board) {
    const std::uint64_t deadline = tsc_at(vm, board.deadline());
    return deadline < vm.device_deadline.exchange(deadline, std::memory_order_relaxed);
}

MachineOutput collect_output(Vm &vm, Machine &machine) {
    MachineOutput output;
    if (const device::MaybeByte byte = machine.board.take_output()) {
        machine.console.put(*byte);
        output.tell_reader = std::exchange(machine.wanted, false);
    }
    while (machine.board.has_message() && output.message_count < output.messages.size())
        machine.board.take_message(output.messages[output.message_count++]);
    output.more = machine.board.has_message();
    output.ending = machine.board.ending();
    const bool external = machine.board.pic_intr();
    output.look = external && !vm.external.load(std::memory_order_relaxed);
    vm.external.store(external, std::memory_order_relaxed);
    output.look |= follow_deadline(vm, machine.board);
    return output;
}

} // namespace

std::uint64_t vm_clock(const Vm &vm, std::uint64_t tsc) {
    return static_cast<std::uint64_t>(static_cast<unsigned __int128>(tsc - vm.created_tsc) * g_vmm.ns_per_tick >> 32);
}

void settle_machine(Cpu &cpu, Vm &vm) {
    MachineOutput output;
    do {
        output = collect_output(vm, *vm.machine->lock());
        for (unsigned i = 0; i < output.message_count; i++)
            send_message(cpu, vm, output.messages[i]);
        if (output.tell_reader)
            raise_event();
        if (output.look) {
            vm.world_list[0]->mailbox.post(Mail::Look);
            notify(cpu, *vm.world_list[0]);
        }
    } while (output.more);
    if (output.ending != device::Ending::None)
        end_vm(cpu, vm, output.ending == device::Ending::PowerOff ? VMNIX_VM_POWERED_OFF : VMNIX_VM_REBOOTED, "");
}

void run_devices(Cpu &cpu, Vm &vm) {
    with_machine(cpu, vm, [&](Machine &machine) { machine.board.run(vm_clock(vm, x86::rdtsc())); });
}

} // namespace vmm
