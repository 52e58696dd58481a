// SPDX-License-Identifier: GPL-2.0-only
// MSR policy of VMs: what is in no table does not exist and faults.
#pragma once

#include "vmm/x86/extended_features.hpp"
#include "vmm/x86/registers.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace vmm::policy {

// Reached without an exit, as they are exchanged with the world: by VMLOAD and VMSAVE (APM vol. 2, 15.5.2), or with the
// extended state.
struct SwitchedMsr {
    enum class Needs : std::uint8_t { Nothing, TscAux, SpecCtrl, PredictionBarrier };
    std::uint32_t index;
    bool read, write;
    Needs needs;

    constexpr bool is_present(const ExtendedFeatures &features) const {
        switch (needs) {
        case Needs::TscAux:
            return features.tsc_aux;
        case Needs::SpecCtrl:
            return features.spec_ctrl;
        case Needs::PredictionBarrier:
            return features.prediction_barrier;
        default:
            return true;
        }
    }
};

// clang-format off
inline constexpr std::array kSwitchedMsrs{
    SwitchedMsr{x86::msr::SpecCtrl, true, true, SwitchedMsr::Needs::SpecCtrl},
    SwitchedMsr{x86::msr::PredCmd, false, true, SwitchedMsr::Needs::PredictionBarrier},
    SwitchedMsr{x86::msr::SysenterCs, true, true, SwitchedMsr::Needs::Nothing},
    SwitchedMsr{x86::msr::SysenterEsp, true, true, SwitchedMsr::Needs::Nothing},
    SwitchedMsr{x86::msr::SysenterEip, true, true, SwitchedMsr::Needs::Nothing},
    SwitchedMsr{x86::msr::Star, true, true, SwitchedMsr::Needs::Nothing},
    SwitchedMsr{x86::msr::Lstar, true, true, SwitchedMsr::Needs::Nothing},
    SwitchedMsr{x86::msr::Cstar, true, true, SwitchedMsr::Needs::Nothing},
    SwitchedMsr{x86::msr::Sfmask, true, true, SwitchedMsr::Needs::Nothing},
    SwitchedMsr{x86::msr::FsBase, true, true, SwitchedMsr::Needs::Nothing},
    SwitchedMsr{x86::msr::GsBase, true, true, SwitchedMsr::Needs::Nothing},
    SwitchedMsr{x86::msr::KernelGsBase, true, true, SwitchedMsr::Needs::Nothing},
    SwitchedMsr{x86::msr::TscAux, true, true, SwitchedMsr::Needs::TscAux},
};

// Reads as a constant; what is written is forgotten. Kernels touch these without asking CPUID first.
struct ConstantMsr {
    std::uint32_t index;
    std::uint64_t value;
    const char *why;
};
inline constexpr std::array kConstantMsrs{
    ConstantMsr{x86::msr::PlatformId, 0, "Intel's name for the socket; read at boot"},
    ConstantMsr{x86::msr::MicrocodeRevision, 0, "microcode is the machine owner's"},
    ConstantMsr{x86::msr::MtrrCap, 0, "no MTRRs: the nested tables say the memory types"},
    ConstantMsr{x86::msr::McgCap, 0, "no machine check banks"},
    ConstantMsr{x86::msr::McgStatus, 0, "as above"},
    ConstantMsr{x86::msr::MiscEnable, 1, "fast strings; nothing else"},
    ConstantMsr{x86::msr::DebugCtl, 0, "no branch records"},
    ConstantMsr{x86::msr::MtrrDefType, 0, "MTRRs are off"},
    ConstantMsr{x86::msr::SysCfg, 0, "no memory encryption"},
    ConstantMsr{x86::msr::HwCr, 0, "the machine owner's"},
    ConstantMsr{x86::msr::TopMem2, 0, "as above"},
    ConstantMsr{x86::msr::NbCfg, 0, "as above"},
    ConstantMsr{x86::msr::PatchLoader, 0, "microcode is the machine owner's"},
    ConstantMsr{x86::msr::OsvwLength, 0, "no errata to work around"},
    ConstantMsr{x86::msr::OsvwStatus, 0, "as above"},
    ConstantMsr{x86::msr::LsCfg, 0, "the machine owner's"},
    ConstantMsr{x86::msr::DeCfg, 2, "LFENCE serialises"},
};
// clang-format on

static_assert(std::is_sorted(kSwitchedMsrs.begin(), kSwitchedMsrs.end(),
                             [](auto &a, auto &b) { return a.index < b.index; }));
static_assert(std::is_sorted(kConstantMsrs.begin(), kConstantMsrs.end(),
                             [](auto &a, auto &b) { return a.index < b.index; }));

constexpr const ConstantMsr *constant_msr(std::uint32_t index) {
    for (const ConstantMsr &row : kConstantMsrs)
        if (row.index == index)
            return &row;
    return nullptr;
}

} // namespace vmm::policy
