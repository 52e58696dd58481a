// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "vmm/core/vm.hpp"
#include "vmm/exit/instruction.hpp"
#include "vmm/policy/vm_cpuid.hpp"

namespace vmm {

template <class V> [[gnu::always_inline]] inline Verdict handle_vm_cpuid(V v, const Exit &exit) {
    const auto length = length_of(v, exit, expected::kCpuid);
    if (!length) [[unlikely]]
        return Verdict::Resume;
    World &world = v.world();
    const policy::VmCpuidContext context{.cr4 = v.cr4(),
                                         .number = world.number,
                                         .count = world.vm->world_count,
                                         .apic_enabled = world.lapic.mode() != LapicMode::Disabled,
                                         .features = g_vmm.extended};
    const auto r = policy::answer_vm_cpuid(static_cast<std::uint32_t>(v.gpr(x86::Gpr::Rax)),
                                           static_cast<std::uint32_t>(v.gpr(x86::Gpr::Rcx)), context);
    v.gpr(x86::Gpr::Rax) = r.eax;
    v.gpr(x86::Gpr::Rbx) = r.ebx;
    v.gpr(x86::Gpr::Rcx) = r.ecx;
    v.gpr(x86::Gpr::Rdx) = r.edx;
    v.advance(*length);
    return Verdict::Resume;
}

} // namespace vmm
