// SPDX-License-Identifier: GPL-2.0-only
// What SVM keeps per vCPU, in the backend's room of struct World.
#pragma once

#include "vmm/base/types.hpp"
#include "vmm/svm/vmcb.hpp"

namespace vmm::svm {

// ASIDs of a CPU, handed out upwards; used up, all translations are flushed and a new generation begins. APM vol. 2,
// 15.16.
inline constexpr std::uint32_t kFirstVmAsid = 2; // 1 is the console's
struct Asids {
    std::uint32_t next = kFirstVmAsid, generation = 1;
};

enum class NmiStep : std::uint8_t { None, Iret, Shadow };

struct State {
    Hpa vmcb_pa; // first: the world switch reads it at WORLD_BACKEND
    Vmcb *vmcb;
    Hpa host_vmcb_pa; // VMSAVE area with the VMM's own FS, GS, TR, LDTR and system-call MSRs
    Hpa hsave_pa;
    bool nmi_blocked;     // an NMI was injected and its IRET has not been seen
    NmiStep nmi_step;     // what is being stepped over, for the next NMI to come after it
    std::uint8_t offered; // vector of the virtual interrupt that waits in the control block; 0 for none
    bool has_next_rip, has_flush_by_asid;
    std::uint32_t asid_cpu, asid_generation; // where and when a VM's ASID was handed out

    // What the next entry has to do first.
    enum : std::uint8_t {
        kHostContext = 1, // the hidden state above is the VMM's now: load the guest's
        kFlush = 2,       // the guest's translations are out of date
    };
    std::uint8_t before_entry;
};

} // namespace vmm::svm
