// SPDX-License-Identifier: GPL-2.0-only
// A VM's exits: reason to handler, on one screen. The console's are in exit/dispatch.hpp.
#pragma once

#include "vmm/vm/control.hpp"
#include "vmm/vm/cpuid.hpp"
#include "vmm/vm/hypercall.hpp"
#include "vmm/vm/mmio.hpp"
#include "vmm/vm/msr.hpp"
#include "vmm/vm/port.hpp"

namespace vmm {

template <class V> [[gnu::always_inline]] inline Verdict handle_vm(V v, const Exit &exit) {
    if (exit.kind != ExitKind::NestedFault) // its handler knows whether it is a device's
        v.world().stats.exits[static_cast<unsigned>(exit.kind)]++;
    switch (exit.kind) {
    case ExitKind::Interrupt:
        return handle_interrupt(v);
    case ExitKind::MsrWrite:
        return handle_vm_msr_write(v, exit);
    case ExitKind::Mmio:
    case ExitKind::NestedFault:
        return handle_vm_nested_fault(v, exit);
    case ExitKind::Cpuid:
        return handle_vm_cpuid(v, exit);
    case ExitKind::Hypercall:
        return handle_vm_hypercall(v, exit);
    case ExitKind::Port:
        return handle_vm_port(v, exit);
    case ExitKind::MsrRead:
        return handle_vm_msr_read(v, exit);
    case ExitKind::Halt:
        return handle_halt(v, exit);
    case ExitKind::Nmi:
        return handle_nmi(v);
    case ExitKind::Exception:
        return handle_vm_exception(v, exit);
    case ExitKind::Control:
        return v.handle_control(exit);
    case ExitKind::Refused:
        return handle_refused(v);
    case ExitKind::Init:
        return Verdict::Resume;
    case ExitKind::Shutdown:
        return handle_vm_shutdown(v);
    case ExitKind::Window:
    case ExitKind::Other:
        break;
    }
    handle_unknown(v.cpu(), exit.code, v.rip());
}

} // namespace vmm
