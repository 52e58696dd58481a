// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "vmm/core/vmm.hpp"
#include "vmm/decode/operand.hpp"
#include "vmm/exit/instruction.hpp"
#include "vmm/policy/port.hpp"

namespace vmm {

inline bool ends_machine(const PortAccess &access, std::uint32_t value) {
    constexpr std::uint32_t kSleepEnable = 1u << 13; // ACPI 6.5, table 4.13
    const vmnix_power_ports &power = g_vmm.handover->power;
    if (access.port == power.pm1a || access.port == power.pm1b)
        return access.port != 0 && (value & kSleepEnable);
    if (access.port == power.reset && access.port != 0 && static_cast<std::uint8_t>(value) == power.reset_value)
        return true;
    return policy::is_reset(access.port, static_cast<std::uint8_t>(value));
}

// False: there are no VMs, and the machine does what it is told.
[[gnu::cold]] inline bool end_by_port(Cpu &cpu, std::uint16_t port) {
    const Text what("CPU ", cpu.index, " wrote to port ", Hex{port});
    if (end_console(cpu, VMNIX_END_RESET, what.view()))
        return true;
    log("the console ends the machine: ", what.view());
    return false;
}

// Watched ports are handed through. String forms are not: no kernel resets a machine by them, and their memory operand
// would be walked for nothing.
template <class V> [[gnu::always_inline]] inline Verdict handle_port(V v, const Exit &exit) {
    const PortAccess &access = exit.port;
    if (access.string) [[unlikely]] {
        v.inject(x86::Vector::GeneralProtection, 0);
        return Verdict::Resume;
    }
    std::uint64_t &rax = v.gpr(x86::Gpr::Rax);
    if (access.in) {
        rax = merge_register(rax, x86::in(access.port, access.size), access.size);
    } else {
        if (ends_machine(access, static_cast<std::uint32_t>(rax)) && end_by_port(v.cpu(), access.port)) [[unlikely]]
            return Verdict::Resume; // it has no next instruction
        x86::out(access.port, access.size, static_cast<std::uint32_t>(rax));
    }
    v.advance(exit.length);
    return Verdict::Resume;
}

} // namespace vmm
