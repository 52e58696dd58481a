// SPDX-License-Identifier: GPL-2.0-only
// Hypercalls: decode checks everything and may fail, invoke cannot. The calls are vmnix/abi/hypercall/hypercall.h.
#pragma once

#include "vmm/core/hypercalls.hpp"
#include "vmm/core/vmm.hpp"
#include "vmm/exit/apic.hpp"

namespace vmm {

template <class V> [[gnu::always_inline]] inline Verdict handle_hypercall(V v, const Exit &exit) {
    constexpr std::uint8_t kLength = 3; // VMMCALL and VMCALL; the ABI forbids prefixes
    const std::uint8_t length = exit.length != 0 ? exit.length : kLength;
    if (v.cpl() != 0) [[unlikely]] {
        v.inject(x86::Vector::InvalidOpcode); // what a CPU without a VMM would say
        return Verdict::Resume;
    }
    HypercallArguments arguments{v.gpr(x86::Gpr::Rax), v.gpr(x86::Gpr::Rdi), v.gpr(x86::Gpr::Rsi),
                                 v.gpr(x86::Gpr::Rdx)};
    if (arguments.number == VMNIX_HC_VERSION) [[likely]] {
        v.gpr(x86::Gpr::Rax) = 0;
        v.gpr(x86::Gpr::Rdi) = VMNIX_HYPERCALL_ABI;
        v.gpr(x86::Gpr::Rsi) = g_vmm.features;
        v.advance(length);
        return Verdict::Resume;
    }
    v.enter_host_context();
    const HypercallResult result = call(v.cpu(), arguments);
    v.gpr(x86::Gpr::Rax) = static_cast<std::uint64_t>(-static_cast<std::int64_t>(result.error));
    if (result.results > 0)
        v.gpr(x86::Gpr::Rdi) = result.rdi;
    if (result.results > 1)
        v.gpr(x86::Gpr::Rsi) = result.rsi;
    v.advance(length);
    return result.leave ? Verdict::Leave : Verdict::Resume;
}

} // namespace vmm
