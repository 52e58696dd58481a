// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "vmm/core/vm_machine.hpp"
#include "vmm/decode/operand.hpp"
#include "vmm/exit/instruction.hpp"

namespace vmm {

template <class V>
[[gnu::always_inline]] inline Verdict access_vm_port(V v, PortAccess access, std::uint8_t length, std::uint64_t now) {
    std::uint64_t &rax = v.gpr(x86::Gpr::Rax);
    Vm &vm = *v.world().vm;
    if (access.in) {
        std::uint32_t value = 0;
        with_machine(
            v.cpu(), vm, [&](Machine & machine) __attribute__((always_inline)) {
                value = machine.board.read(access.port, access.size, now).value;
            });
        rax = merge_register(rax, value, access.size);
    } else {
        with_machine(
            v.cpu(), vm, [&](Machine & machine) __attribute__((always_inline)) {
                machine.board.write(access.port, access.size, static_cast<std::uint32_t>(rax), now);
            });
    }
    v.advance(length);
    return Verdict::Resume;
}

// String forms are refused: no kernel drives these devices by them.
template <class V> [[gnu::noinline]] Verdict handle_vm_rare_port(V v, PortAccess access, std::uint8_t length) {
    if (access.string) {
        v.inject(x86::Vector::GeneralProtection, 0);
        return Verdict::Resume;
    }
    return access_vm_port(v, access, length, vm_clock(*v.world().vm, x86::rdtsc()));
}

// The serial line and the PM timer are what kernels ask again and again.
template <class V> [[gnu::always_inline]] inline Verdict handle_vm_port(V v, const Exit &exit) {
    const PortAccess access = exit.port;
    if (!access.string && device::Board::is_timeless(access.port, access.size)) [[likely]]
        return access_vm_port(v, access, exit.length, 0);
    if (!access.string && access.in && device::Board::is_timer(access.port, access.size)) {
        v.gpr(x86::Gpr::Rax) = device::AcpiPm::timer(vm_clock(*v.world().vm, x86::rdtsc()));
        v.advance(exit.length);
        return Verdict::Resume;
    }
    return handle_vm_rare_port(v, access, exit.length);
}

} // namespace vmm
