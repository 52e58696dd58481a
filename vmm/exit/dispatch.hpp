// SPDX-License-Identifier: GPL-2.0-only
// Reason to handler, on one screen. Instantiated once per backend, so that nothing on this way is an indirect call.
#pragma once

#include "vmm/exit/control.hpp"
#include "vmm/exit/cpuid.hpp"
#include "vmm/exit/hypercall.hpp"
#include "vmm/exit/mmio.hpp"
#include "vmm/exit/msr.hpp"
#include "vmm/exit/port.hpp"

namespace vmm {

[[noreturn, gnu::cold]] inline void handle_unknown(const Cpu &cpu, std::uint64_t code, std::uint64_t rip) {
    log("CPU ", cpu.index, ": exit ", Hex{code}, " at rip ", Hex{rip}, " is not known");
    panic("an exit that was not asked for", __FILE__, __LINE__);
}

template <class V> [[gnu::always_inline]] inline Verdict handle(V v, const Exit &exit) {
    if (exit.kind != ExitKind::NestedFault) // its handler knows whether it is a device's
        v.world().stats.exits[static_cast<unsigned>(exit.kind)]++;
    switch (exit.kind) {
    case ExitKind::Interrupt:
        return handle_interrupt(v);
    case ExitKind::MsrWrite:
        return handle_msr_write(v, exit);
    case ExitKind::Mmio:
    case ExitKind::NestedFault:
        return handle_nested_fault(v, exit);
    case ExitKind::Cpuid:
        return handle_cpuid(v, exit);
    case ExitKind::Hypercall:
        return handle_hypercall(v, exit);
    case ExitKind::Port:
        return handle_port(v, exit);
    case ExitKind::MsrRead:
        return handle_msr_read(v, exit);
    case ExitKind::Nmi:
        return handle_nmi(v);
    case ExitKind::Exception:
        return handle_exception(v, exit);
    case ExitKind::Control:
        return v.handle_control(exit);
    case ExitKind::Refused:
        return handle_refused(v);
    case ExitKind::Init:
        return Verdict::Resume; // a physical INIT has no sender here: every ICR is virtual
    case ExitKind::Shutdown:
        return handle_shutdown(v);
    case ExitKind::Halt:
        return handle_halt(v, exit);
    case ExitKind::Window:
    case ExitKind::Other:
        break;
    }
    handle_unknown(v.cpu(), exit.code, v.rip());
}

} // namespace vmm
