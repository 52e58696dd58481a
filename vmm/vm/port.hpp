// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "vmm/core/vm_machine.hpp"
#include "vmm/decode/operand.hpp"
#include "vmm/exit/instruction.hpp"

namespace vmm {

// String forms are refused: no kernel drives these devices by them.
template <class V> [[gnu::always_inline]] inline Verdict handle_vm_port(V v, const Exit &exit) {
    const PortAccess &access = exit.port;
    if (access.string) [[unlikely]] {
        v.inject(x86::Vector::GeneralProtection, 0);
        return Verdict::Resume;
    }
    std::uint64_t &rax = v.gpr(x86::Gpr::Rax);
    Vm &vm = *v.world().vm;
    if (access.in && device::Board::is_timer(access.port, access.size)) {
        rax = device::AcpiPm::timer(vm_clock(vm, x86::rdtsc()));
        v.advance(exit.length);
        return Verdict::Resume;
    }
    const std::uint64_t now = device::Board::is_timeless(access.port, access.size) ? 0 : vm_clock(vm, x86::rdtsc());
    std::uint32_t value = 0;
    with_machine(v.cpu(), vm, [&](Machine &machine) {
        if (access.in)
            value = machine.board.read(access.port, access.size, now).value;
        else
            machine.board.write(access.port, access.size, static_cast<std::uint32_t>(rax), now);
    });
    if (access.in)
        rax = merge_register(rax, value, access.size);
    v.advance(exit.length);
    return Verdict::Resume;
}

} // namespace vmm
