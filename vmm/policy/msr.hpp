// SPDX-License-Identifier: GPL-2.0-only
// MSR policy of the console: what is not in the table belongs to the console and is not even intercepted, where the
// hardware's permission map reaches. Each row says why the VMM cares.
#pragma once

#include "vmm/x86/kvm.hpp"
#include "vmm/x86/registers.hpp"

#include <array>
#include <cstdint>
#include <span>

namespace vmm::policy {

enum class MsrAction : std::uint8_t {
    Pass,     // the hardware's register, no intercept
    ApicBase, // virtual local APIC
    X2apic,   // virtual local APIC
    TscDeadline,
    Efer,
    Mtrr,     // passed on, and the nested tables follow
    Refuse,   // #GP
    Ignore,   // reads as hardware has it, writes are logged and dropped
    KvmClock, // of a console that booted under the VMM; otherwise #GP
};

struct MsrRow {
    std::uint32_t first, last;
    MsrAction read, write;
    const char *why;
};

// clang-format off
inline constexpr std::array kMsrRows{
    MsrRow{x86::msr::Tsc, x86::msr::Tsc, MsrAction::Pass, MsrAction::Ignore, "the VMM's own clock"},
    MsrRow{x86::msr::ApicBase, x86::msr::ApicBase, MsrAction::ApicBase, MsrAction::ApicBase, "mode of the virtual APIC"},
    MsrRow{x86::msr::FeatureControl, x86::msr::FeatureControl, MsrAction::Pass, MsrAction::Refuse, "VT-x is the VMM's"},
    MsrRow{x86::msr::TscAdjust, x86::msr::TscAdjust, MsrAction::Pass, MsrAction::Ignore, "the VMM's own clock"},
    MsrRow{x86::msr::MicrocodeTrigger, x86::msr::MicrocodeTrigger, MsrAction::Refuse, MsrAction::Ignore, "microcode is loaded before the launch"},
    MsrRow{x86::msr::MtrrPhysBase0, x86::msr::MtrrPhysMaskLast, MsrAction::Pass, MsrAction::Mtrr, "large nested pages must not span memory types"},
    MsrRow{x86::msr::MtrrFix64k, x86::msr::MtrrFix64k, MsrAction::Pass, MsrAction::Mtrr, "as above"},
    MsrRow{x86::msr::MtrrFix16k0, x86::msr::MtrrFix16k1, MsrAction::Pass, MsrAction::Mtrr, "as above"},
    MsrRow{x86::msr::MtrrFix4k0, x86::msr::MtrrFix4kLast, MsrAction::Pass, MsrAction::Mtrr, "as above"},
    MsrRow{x86::msr::MtrrDefType, x86::msr::MtrrDefType, MsrAction::Pass, MsrAction::Mtrr, "as above"},
    MsrRow{x86::msr::VmxBasic, x86::msr::VmxLast, MsrAction::Refuse, MsrAction::Refuse, "VT-x is the VMM's"},
    MsrRow{x86::msr::TscDeadline, x86::msr::TscDeadline, MsrAction::TscDeadline, MsrAction::TscDeadline, "the physical timer is the VMM's"},
    MsrRow{x86::msr::X2apicFirst, x86::msr::X2apicLast, MsrAction::X2apic, MsrAction::X2apic, "virtual local APIC"},
    MsrRow{kKvmWallClock, kKvmSystemTime, MsrAction::KvmClock, MsrAction::KvmClock, "clock of a restarted console"},
    MsrRow{x86::msr::Efer, x86::msr::Efer, MsrAction::Efer, MsrAction::Efer, "virtualisation stays enabled and out of sight"},
    MsrRow{x86::msr::SysCfg, x86::msr::SysCfg, MsrAction::Pass, MsrAction::Ignore, "memory encryption would change every address"},
    MsrRow{x86::msr::PatchLoader, x86::msr::PatchLoader, MsrAction::Pass, MsrAction::Ignore, "microcode is loaded before the launch"},
    MsrRow{x86::msr::VmCr, x86::msr::VmHsavePa, MsrAction::Refuse, MsrAction::Refuse, "SVM is the VMM's"},
    MsrRow{x86::msr::SvmKey, x86::msr::SmmKey, MsrAction::Refuse, MsrAction::Refuse, "SVM is the VMM's"},
};
// clang-format on

consteval bool sorted_and_disjoint(std::span<const MsrRow> rows) {
    for (std::size_t i = 0; i < rows.size(); i++)
        if (rows[i].last < rows[i].first || (i > 0 && rows[i].first <= rows[i - 1].last))
            return false;
    return true;
}
static_assert(sorted_and_disjoint(kMsrRows));

constexpr MsrAction msr_action(std::uint32_t index, bool write) {
    for (const MsrRow &row : kMsrRows)
        if (index >= row.first && index <= row.last)
            return write ? row.write : row.read;
    return MsrAction::Pass;
}

} // namespace vmm::policy
