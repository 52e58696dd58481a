// SPDX-License-Identifier: GPL-2.0-only
// The instructions of SVM. APM vol. 3, chapter 4; rAX holds a physical address.
#pragma once

#include "vmm/base/types.hpp"

namespace vmm::svm {

inline void vmsave(Hpa area) {
    asm volatile("vmsave %0" : : "a"(area.raw()) : "memory");
}
inline void vmload(Hpa area) {
    asm volatile("vmload %0" : : "a"(area.raw()) : "memory");
}
inline void stgi() {
    asm volatile("stgi" : : : "memory");
}
inline void clgi() {
    asm volatile("clgi" : : : "memory");
}

// Takes what is pending at the local APIC, if anything: exactly one vector, as the handler clears IF in the frame that
// it returns to. The CPU runs with GIF=0 and IF=1 in the VMM, which VMRUN needs for INTR exits (APM vol. 2, 15.21.2).
// NOPs: STI holds interrupts off for one instruction, and an emulator may look only at the next.
inline void acknowledge_window() {
    asm volatile("cli\n\tstgi\n\tsti\n\tnop\n\tnop\n\tcli\n\tclgi\n\tsti" : : : "memory", "cc");
}

// The same, waiting for it. STI holds interrupts off until HLT has begun, so none is slept through.
inline void acknowledge_wait() {
    asm volatile("cli\n\tstgi\n\tsti\n\thlt\n\tcli\n\tclgi\n\tsti" : : : "memory", "cc");
}

// Lets a pending NMI through to the VMM's handler, which counts it.
inline void nmi_window() {
    asm volatile("cli\n\tstgi\n\tnop\n\tclgi\n\tsti" : : : "memory", "cc");
}

} // namespace vmm::svm
