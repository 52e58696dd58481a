// SPDX-License-Identifier: GPL-2.0-only
// Which controls the VMM wants set, and what a CPU's capability MSRs make of that. SDM vol. 3, appendix A. Pure: a CPU
// that lacks something is told apart by the name of what it lacks.
#pragma once

#include "vmm/base/result.hpp"
#include "vmm/vmx/vmcs.hpp"
#include "vmm/x86/registers.hpp"

#include <array>

namespace vmm::vmx {

namespace msr {
inline constexpr std::uint32_t FeatureControl = 0x3a, Basic = 0x480, PinControls = 0x481, ProcessorControls = 0x482,
                               ExitControls = 0x483, EntryControls = 0x484, Misc = 0x485, Cr0Fixed0 = 0x486,
                               Cr0Fixed1 = 0x487, Cr4Fixed0 = 0x488, Cr4Fixed1 = 0x489, SecondaryControls = 0x48b,
                               EptVpidCap = 0x48c, TruePinControls = 0x48d, TrueProcessorControls = 0x48e,
                               TrueExitControls = 0x48f, TrueEntryControls = 0x490;
}

// IA32_FEATURE_CONTROL: what VMXON wants of the firmware, 24.7.
namespace feature_control {
inline constexpr std::uint64_t Locked = bit(0), VmxInSmx = bit(1), VmxOutsideSmx = bit(2);
}

// IA32_VMX_BASIC, A.1.
namespace basic {
using Revision = Field<30, 0, std::uint32_t>;
using RegionSize = Field<44, 32, std::uint16_t>;
inline constexpr std::uint64_t AddressesOf32Bits = bit(48), StringIoInformation = bit(54), TrueControls = bit(55);
using MemoryType = Field<53, 50, std::uint8_t>;
} // namespace basic

// IA32_VMX_MISC, A.6.
namespace misc {
using TimerRate = Field<4, 0, std::uint8_t>; // the preemption timer counts when this bit of the TSC changes
inline constexpr std::uint64_t StoresLma = bit(5), Hlt = bit(6), Shutdown = bit(7), WaitForSipi = bit(8),
                               WritesReadOnly = bit(29), ZeroLengthInjection = bit(30);
using Cr3Targets = Field<24, 16, std::uint16_t>;
} // namespace misc

// IA32_VMX_EPT_VPID_CAP, A.10.
namespace ept_vpid {
inline constexpr std::uint64_t FourLevels = bit(6), FiveLevels = bit(7), Uncacheable = bit(8), WriteBack = bit(14),
                               Pages2M = bit(16), Pages1G = bit(17), Invept = bit(20), AccessedAndDirty = bit(21),
                               SupervisorShadowStacks = bit(23), InveptSingle = bit(25), InveptAll = bit(26),
                               Invvpid = bit(32), InvvpidAddress = bit(40), InvvpidSingle = bit(41),
                               InvvpidAll = bit(42), InvvpidRetainingGlobals = bit(43);
}

struct Capabilities {
    std::uint64_t basic, misc;
    std::uint64_t pin, processor, secondary, exit, entry; // bits that must be one below, bits that may be one above
    std::uint64_t ept_vpid;
    std::uint64_t cr0_fixed0, cr0_fixed1, cr4_fixed0, cr4_fixed1;
};

constexpr std::uint32_t must_be_one(std::uint64_t capability) {
    return static_cast<std::uint32_t>(capability);
}
constexpr std::uint32_t may_be_one(std::uint64_t capability) {
    return static_cast<std::uint32_t>(capability >> 32);
}

// MSRs exist only where the controls do that they describe: A.3.3 and A.10.
template <class Rdmsr> constexpr Capabilities read_capabilities(Rdmsr rdmsr) {
    Capabilities c{};
    c.basic = rdmsr(msr::Basic);
    const bool exact = c.basic & basic::TrueControls;
    c.pin = rdmsr(exact ? msr::TruePinControls : msr::PinControls);
    c.processor = rdmsr(exact ? msr::TrueProcessorControls : msr::ProcessorControls);
    c.exit = rdmsr(exact ? msr::TrueExitControls : msr::ExitControls);
    c.entry = rdmsr(exact ? msr::TrueEntryControls : msr::EntryControls);
    c.misc = rdmsr(msr::Misc);
    c.cr0_fixed0 = rdmsr(msr::Cr0Fixed0);
    c.cr0_fixed1 = rdmsr(msr::Cr0Fixed1);
    c.cr4_fixed0 = rdmsr(msr::Cr4Fixed0);
    c.cr4_fixed1 = rdmsr(msr::Cr4Fixed1);
    if (may_be_one(c.processor) & processor::Secondary)
        c.secondary = rdmsr(msr::SecondaryControls);
    if (may_be_one(c.secondary) & (secondary::Ept | secondary::Vpid))
        c.ept_vpid = rdmsr(msr::EptVpidCap);
    return c;
}

// One word of controls. `set` and `switched` must be there: the first are on from the beginning, the second go on and
// off later. `optional` are on where the CPU has them.
struct WantedWord {
    std::uint32_t set, switched, optional;
    constexpr std::uint32_t mandatory() const { return set | switched; }
};
enum class Word : std::uint8_t { Pin, Processor, Secondary, Exit, Entry };
inline constexpr unsigned kWords = 5;

struct Wanted {
    WantedWord pin, processor, secondary, exit, entry;
    constexpr const WantedWord &operator[](Word word) const {
        const WantedWord *const words[kWords] = {&pin, &processor, &secondary, &exit, &entry};
        return *words[static_cast<unsigned>(word)];
    }
};

constexpr std::uint64_t capability(const Capabilities &c, Word word) {
    const std::uint64_t words[kWords] = {c.pin, c.processor, c.secondary, c.exit, c.entry};
    return words[static_cast<unsigned>(word)];
}

inline constexpr WantedWord kWantedPin{pin::ExternalInterrupt | pin::Nmi | pin::VirtualNmis, 0, 0};
inline constexpr std::uint32_t kProcessorOfAll = processor::MsrBitmaps | processor::IoBitmaps | processor::Secondary |
                                                 processor::Cr8Load | processor::Cr8Store,
                               kSecondaryOfAll = secondary::Ept | secondary::Vpid | secondary::UnrestrictedGuest;
// The VMM has its own EFER and PAT. IA-32e mode of the guest goes with its EFER.LMA (27.3.1.1).
inline constexpr WantedWord kWantedExit{exit_control::SaveDebugControls | exit_control::HostAddressSpaceSize |
                                            exit_control::AcknowledgeInterrupt | exit_control::SavePat |
                                            exit_control::LoadPat | exit_control::SaveEfer | exit_control::LoadEfer,
                                        0, 0};
inline constexpr WantedWord kWantedEntry{entry_control::LoadDebugControls | entry_control::LoadPat |
                                             entry_control::LoadEfer,
                                         entry_control::Ia32eModeGuest, 0};

// The console keeps every instruction that it has seen in CPUID; it idles with or without an exit. A CPU without
// MONITOR and MWAIT may lack their exits as well, and raises #UD for them.
inline constexpr Wanted kConsoleControls{
    kWantedPin,
    {kProcessorOfAll, processor::InterruptWindow | processor::NmiWindow | processor::Hlt, 0},
    {kSecondaryOfAll, 0,
     secondary::Rdtscp | secondary::Invpcid | secondary::Xsaves | secondary::UserWaitAndPause | secondary::Pconfig},
    kWantedExit,
    kWantedEntry};

// A VM is not told of XSAVES, UMWAIT and PCONFIG, and gets #UD for them: IA32_XSS and IA32_UMWAIT_CONTROL are the
// console's while it runs.
inline constexpr Wanted kVmControls{kWantedPin,
                                    {kProcessorOfAll | processor::Hlt | processor::Rdpmc,
                                     processor::InterruptWindow | processor::NmiWindow,
                                     processor::Mwait | processor::Monitor},
                                    {kSecondaryOfAll | secondary::Wbinvd, 0, secondary::Rdtscp | secondary::Invpcid},
                                    kWantedExit,
                                    kWantedEntry};

// Names as the manual has them, for the refusal.
struct NamedControl {
    Word word;
    std::uint32_t bit;
    const char *name;
};
inline constexpr std::array kNamedControls{
    NamedControl{Word::Pin, pin::ExternalInterrupt, "external-interrupt exiting"},
    NamedControl{Word::Pin, pin::Nmi, "NMI exiting"},
    NamedControl{Word::Pin, pin::VirtualNmis, "virtual NMIs"},
    NamedControl{Word::Processor, processor::Secondary, "secondary controls"},
    NamedControl{Word::Processor, processor::MsrBitmaps, "MSR bitmaps"},
    NamedControl{Word::Processor, processor::IoBitmaps, "I/O bitmaps"},
    NamedControl{Word::Processor, processor::Cr8Load, "CR8-load exiting"},
    NamedControl{Word::Processor, processor::Cr8Store, "CR8-store exiting"},
    NamedControl{Word::Processor, processor::InterruptWindow, "interrupt-window exiting"},
    NamedControl{Word::Processor, processor::NmiWindow, "NMI-window exiting"},
    NamedControl{Word::Processor, processor::Hlt, "HLT exiting"},
    NamedControl{Word::Processor, processor::Rdpmc, "RDPMC exiting"},
    NamedControl{Word::Secondary, secondary::Ept, "EPT"},
    NamedControl{Word::Secondary, secondary::Vpid, "VPID"},
    NamedControl{Word::Secondary, secondary::UnrestrictedGuest, "unrestricted guest"},
    NamedControl{Word::Secondary, secondary::Wbinvd, "WBINVD exiting"},
    NamedControl{Word::Exit, exit_control::SaveDebugControls, "save debug controls at exits"},
    NamedControl{Word::Exit, exit_control::HostAddressSpaceSize, "host address-space size"},
    NamedControl{Word::Exit, exit_control::AcknowledgeInterrupt, "acknowledge interrupt on exit"},
    NamedControl{Word::Exit, exit_control::SavePat, "save IA32_PAT at exits"},
    NamedControl{Word::Exit, exit_control::LoadPat, "load IA32_PAT at exits"},
    NamedControl{Word::Exit, exit_control::SaveEfer, "save IA32_EFER at exits"},
    NamedControl{Word::Exit, exit_control::LoadEfer, "load IA32_EFER at exits"},
    NamedControl{Word::Entry, entry_control::LoadDebugControls, "load debug controls at entries"},
    NamedControl{Word::Entry, entry_control::Ia32eModeGuest, "IA-32e mode guest"},
    NamedControl{Word::Entry, entry_control::LoadPat, "load IA32_PAT at entries"},
    NamedControl{Word::Entry, entry_control::LoadEfer, "load IA32_EFER at entries"},
};

consteval bool all_named(const Wanted &wanted) {
    for (unsigned word = 0; word < kWords; word++) {
        std::uint32_t unnamed = wanted[static_cast<Word>(word)].mandatory();
        for (const NamedControl &row : kNamedControls)
            if (row.word == static_cast<Word>(word))
                unnamed &= ~row.bit;
        if (unnamed != 0)
            return false;
    }
    return true;
}
static_assert(all_named(kConsoleControls) && all_named(kVmControls));

// Always on before there were true controls, without a meaning of their own: A.2 to A.5. The others of that class mean
// something, as CR3-load exiting.
inline constexpr std::uint32_t kReservedOnes[kWords] = {0x16, 0x0401'e172 & ~(processor::Cr3Load | processor::Cr3Store),
                                                        0, 0x3'6dff & ~exit_control::SaveDebugControls,
                                                        0x11ff & ~entry_control::LoadDebugControls};

constexpr const char *missing_control(const Capabilities &c, const Wanted &wanted) {
    for (const NamedControl &row : kNamedControls)
        if (wanted[row.word].mandatory() & row.bit & ~may_be_one(capability(c, row.word)))
            return row.name;
    return nullptr;
}

// A control that is always on would bring exits that no handler expects.
constexpr const char *forced_control(const Capabilities &c, const Wanted &wanted) {
    for (unsigned i = 0; i < kWords; i++) {
        const Word word = static_cast<Word>(i);
        const WantedWord &w = wanted[word];
        const std::uint32_t forced = must_be_one(capability(c, word)) & ~(w.set | w.optional | kReservedOnes[i]);
        if (word == Word::Processor && (forced & (processor::Cr3Load | processor::Cr3Store)))
            return "a way to switch CR3 exiting off";
        if (forced != 0)
            return "a way to switch off a control that is not wanted";
    }
    return nullptr;
}

struct NeededCapability {
    std::uint64_t Capabilities::*word;
    std::uint64_t mask, value;
    const char *name;
};
inline constexpr std::array kNeededCapabilities{
    NeededCapability{&Capabilities::basic, basic::AddressesOf32Bits, 0, "a VMCS above 4 GiB"},
    NeededCapability{&Capabilities::basic, basic::MemoryType::mask, basic::MemoryType::make(6), "a VMCS of type WB"},
    NeededCapability{&Capabilities::ept_vpid, ept_vpid::FourLevels, ept_vpid::FourLevels, "EPT of 4 levels"},
    NeededCapability{&Capabilities::ept_vpid, ept_vpid::WriteBack, ept_vpid::WriteBack, "EPT tables of type WB"},
    NeededCapability{&Capabilities::ept_vpid, ept_vpid::Pages2M, ept_vpid::Pages2M, "EPT pages of 2 MiB"},
    NeededCapability{&Capabilities::ept_vpid, ept_vpid::Invept, ept_vpid::Invept, "INVEPT"},
    NeededCapability{&Capabilities::ept_vpid, ept_vpid::InveptSingle, ept_vpid::InveptSingle, "INVEPT of one context"},
    NeededCapability{&Capabilities::ept_vpid, ept_vpid::InveptAll, ept_vpid::InveptAll, "INVEPT of all contexts"},
    NeededCapability{&Capabilities::ept_vpid, ept_vpid::Invvpid, ept_vpid::Invvpid, "INVVPID"},
    NeededCapability{&Capabilities::ept_vpid, ept_vpid::InvvpidSingle, ept_vpid::InvvpidSingle,
                     "INVVPID of one context"},
    NeededCapability{&Capabilities::ept_vpid, ept_vpid::InvvpidAll, ept_vpid::InvvpidAll, "INVVPID of all contexts"},
};

// Null when the CPU has all that is wanted, otherwise the name of what it lacks.
constexpr const char *missing(const Capabilities &c, const Wanted &wanted) {
    if (const char *name = missing_control(c, wanted))
        return name;
    if (basic::RegionSize::get(c.basic) > 4096)
        return "a VMCS of one page";
    for (const NeededCapability &row : kNeededCapabilities)
        if ((c.*row.word & row.mask) != row.value)
            return row.name;
    return forced_control(c, wanted);
}

// `wanted` bits and those `optional` ones that the CPU has, with what must be one. Unsupported when a wanted one may
// not be: missing() says which.
constexpr Result<std::uint32_t> adjust(std::uint32_t wanted, std::uint32_t optional, std::uint64_t capability) {
    if (wanted & ~may_be_one(capability))
        return Errc::Unsupported;
    return must_be_one(capability) | wanted | (optional & may_be_one(capability));
}

struct Controls {
    std::uint32_t pin, processor, secondary, exit, entry;
};

constexpr Result<Controls> compute_controls(const Capabilities &c, const Wanted &wanted) {
    if (missing(c, wanted))
        return Errc::Unsupported;
    const auto word = [&](Word w) { return adjust(wanted[w].set, wanted[w].optional, capability(c, w)); };
    return Controls{TRY(word(Word::Pin)), TRY(word(Word::Processor)), TRY(word(Word::Secondary)), TRY(word(Word::Exit)),
                    TRY(word(Word::Entry))};
}

// Instructions that raise #UD in a guest unless a control is on. A console that has seen one in CPUID must keep it.
struct FeatureControl {
    std::uint32_t control;
    std::uint32_t leaf, subleaf;
    enum Register : std::uint8_t { Eax, Ebx, Ecx, Edx } in;
    std::uint8_t bit;
    const char *name;
};
inline constexpr std::array kFeatureControls{
    FeatureControl{secondary::Invpcid, 0x7, 0, FeatureControl::Ebx, 10, "INVPCID in a guest"},
    FeatureControl{secondary::UserWaitAndPause, 0x7, 0, FeatureControl::Ecx, 5, "UMWAIT in a guest"},
    FeatureControl{secondary::Pconfig, 0x7, 0, FeatureControl::Edx, 18, "PCONFIG in a guest"},
    FeatureControl{secondary::Xsaves, 0xd, 1, FeatureControl::Eax, 3, "XSAVES in a guest"},
    FeatureControl{secondary::Rdtscp, 0x80000001, 0, FeatureControl::Edx, 27, "RDTSCP in a guest"},
};

// Null, or the name of a feature that the console would lose. `cpuid` answers with eax to edx.
template <class Cpuid> constexpr const char *lost_feature(const Capabilities &c, Cpuid cpuid) {
    for (const FeatureControl &row : kFeatureControls) {
        const auto r = cpuid(row.leaf, row.subleaf);
        const std::uint32_t registers[] = {r.eax, r.ebx, r.ecx, r.edx};
        if ((registers[row.in] >> row.bit & 1) && !(may_be_one(c.secondary) & row.control))
            return row.name;
    }
    return nullptr;
}

// CR0 and CR4 in VMX operation: A.7 and A.8. Unrestricted guests choose PE and PG themselves; CD and NW are free.
constexpr std::uint64_t allowed_cr0(const Capabilities &c, std::uint64_t value, bool unrestricted) {
    const std::uint64_t ones = unrestricted ? c.cr0_fixed0 & ~(x86::cr0::PE | x86::cr0::PG) : c.cr0_fixed0;
    return (value | ones) & c.cr0_fixed1;
}
constexpr std::uint64_t allowed_cr4(const Capabilities &c, std::uint64_t value) {
    return (value | c.cr4_fixed0) & c.cr4_fixed1;
}

} // namespace vmm::vmx
