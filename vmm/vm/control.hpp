// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "vmm/core/vm.hpp"
#include "vmm/exit/control.hpp"

namespace vmm {

// The end of a vCPU's execution takes its VM with it.
template <class V> [[gnu::cold, gnu::noinline]] Verdict crash_vm(V v, std::string_view what) {
    v.enter_host_context();
    end_vm(v.cpu(), *v.world().vm, VMNIX_VM_CRASHED,
           Text("vCPU ", v.world().number, ": ", what, " at rip ", Hex{v.rip()}).view());
    v.cpu().arrived.reschedule = 1;
    return Verdict::Resume;
}

template <class V> Verdict handle_vm_shutdown(V v) {
    return crash_vm(v, "triple fault");
}

// #MC is of the machine's banks: the console's. The others as for the console.
template <class V> Verdict handle_vm_exception(V v, const Exit &exit) {
    if (static_cast<x86::Vector>(exit.vector) == x86::Vector::MachineCheck) {
        v.cpu().arrived.machine_checks++;
        return Verdict::Resume;
    }
    return handle_exception(v, exit);
}

} // namespace vmm
