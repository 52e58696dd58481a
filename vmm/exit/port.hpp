// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "vmm/decode/operand.hpp"
#include "vmm/exit/instruction.hpp"
#include "vmm/policy/port.hpp"

namespace vmm {

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
        if (policy::is_reset(access.port, static_cast<std::uint8_t>(rax)))
            log("CPU ", v.cpu().index, ": the console resets the machine through port ", Hex{access.port});
        x86::out(access.port, access.size, static_cast<std::uint32_t>(rax));
    }
    v.advance(exit.length);
    return Verdict::Resume;
}

} // namespace vmm
