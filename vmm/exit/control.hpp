// SPDX-License-Identifier: GPL-2.0-only
// Exits that are not accesses: exceptions that the VMM watches, control registers, instructions it does not offer.
#pragma once

#include "vmm/exit/instruction.hpp"
#include "vmm/exit/mail.hpp"

namespace vmm {

// #MC is the console's, as the machine's banks are. #DB and #AC are intercepted because a guest can make their delivery
// loop for ever inside the CPU; they are handed on.
template <class V> Verdict handle_exception(V v, const Exit &exit) {
    switch (static_cast<x86::Vector>(exit.vector)) {
    case x86::Vector::Debug:
        if (!v.finish_nmi_step())
            v.inject(x86::Vector::Debug);
        break;
    case x86::Vector::AlignmentCheck:
        v.inject(x86::Vector::AlignmentCheck, 0);
        break;
    default:
        v.inject(x86::Vector::MachineCheck);
    }
    return Verdict::Resume;
}

template <class V> Verdict handle_nmi(V v) {
    if (g_vmm.panicking)
        stop_for_panic();
    v.nmi_window(); // counted by the VMM's handler, handed on by prepare_entry
    return Verdict::Resume;
}

// XCR0 takes effect as on the bare CPU, which also judges the combinations, save for state components that this build
// does not know.
template <class V> Verdict handle_xsetbv(V v, const Exit &exit) {
    const auto length = length_of(v, exit, expected::kXsetbv);
    if (!length)
        return Verdict::Resume;
    const std::uint64_t value = v.gpr(x86::Gpr::Rdx) << 32 | static_cast<std::uint32_t>(v.gpr(x86::Gpr::Rax));
    const bool legal = static_cast<std::uint32_t>(v.gpr(x86::Gpr::Rcx)) == 0 && !(value & ~kKnownXcr0) && v.cpl() == 0;
    if (legal && x86::xsetbv0_safe(value))
        v.advance(*length);
    else
        v.inject(x86::Vector::GeneralProtection, 0);
    return Verdict::Resume;
}

// INVD would throw away what other CPUs and the VMM wrote; WBINVD is what its users get from every VMM.
template <class V> Verdict handle_invd(V v, const Exit &exit) {
    const auto length = length_of(v, exit, v.is_wbinvd(exit) ? expected::kWbinvd : expected::kInvd);
    if (!length)
        return Verdict::Resume;
    if constexpr (!V::kIsVm) // a VM has no device that would not see its caches
        x86::wbinvd();
    v.advance(*length);
    return Verdict::Resume;
}

template <class V> Verdict handle_refused(V v) {
    v.inject(x86::Vector::InvalidOpcode);
    return Verdict::Resume;
}

// Intercepted while there are VMs. Sleeps until something comes that it takes.
template <class V> Verdict handle_halt(V v, const Exit &exit) {
    const auto length = length_of(v, exit, expected::kHlt);
    if (!length)
        return Verdict::Resume;
    World &world = v.world();
    v.advance(*length);
    world.halted_open = v.rflags() & x86::rflags::IF;
    world.lapic.collect();
    if (has_cause(world)) {
        world.kicked.store(false);
        return Verdict::Resume;
    }
    world.halted = true;
    v.cpu().arrived.reschedule = 1;
    return Verdict::Resume;
}

// A kernel idles here for a write to memory, which nobody reports: it stays ready and lets the others go first.
template <class V> Verdict handle_mwait(V v, const Exit &exit) {
    if constexpr (V::kIsVm)
        return handle_refused(v);
    const auto length = length_of(v, exit, expected::kMwait);
    if (!length)
        return Verdict::Resume;
    v.advance(*length);
    yield(v.cpu());
    return Verdict::Resume;
}

// A triple fault resets a machine, and while there are no VMs the console is the machine's owner.
template <class V> Verdict handle_shutdown(V v) {
    const Text what("triple fault on CPU ", v.cpu().index, " at rip ", Hex{v.rip()});
    if (end_console(v.cpu(), VMNIX_END_TRIPLE_FAULT, what.view()))
        return Verdict::Resume;
    log("the console: ", what.view(), "; resetting the machine");
    reset_machine();
}

} // namespace vmm
