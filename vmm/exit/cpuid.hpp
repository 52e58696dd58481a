// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "vmm/exit/instruction.hpp"
#include "vmm/policy/cpuid.hpp"

namespace vmm {

template <class V> [[gnu::always_inline]] inline Verdict handle_cpuid(V v, const Exit &exit) {
    const auto length = length_of(v, exit, expected::kCpuid);
    if (!length) [[unlikely]]
        return Verdict::Resume;
    const policy::CpuidContext context{v.cr4(), v.cpu().index, v.world().lapic.mode() != LapicMode::Disabled,
                                       g_vmm.console_life.generation != 0, g_vmm.x2apic};
    const auto r = policy::answer_cpuid(static_cast<std::uint32_t>(v.gpr(x86::Gpr::Rax)),
                                        static_cast<std::uint32_t>(v.gpr(x86::Gpr::Rcx)), context, g_vmm.features);
    v.gpr(x86::Gpr::Rax) = r.eax;
    v.gpr(x86::Gpr::Rbx) = r.ebx;
    v.gpr(x86::Gpr::Rcx) = r.ecx;
    v.gpr(x86::Gpr::Rdx) = r.edx;
    v.advance(*length);
    return Verdict::Resume;
}

} // namespace vmm
