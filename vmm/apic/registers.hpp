// SPDX-License-Identifier: GPL-2.0-only
// Registers of the local APIC and of the IO-APIC. The manuals are Intel SDM volume 3 "APIC" and AMD APM volume 2
// "Advanced Programmable Interrupt Controller"; the IO-APIC is the 82093AA with the later EOI register.
#pragma once

#include "vmm/base/bits.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace vmm {

// Valued by the offset in the xAPIC page, as in the manuals' tables; the x2APIC MSR is 0x800 + offset / 16.
enum class LapicRegister : std::uint16_t {
    Id = 0x020,
    Version = 0x030,
    TaskPriority = 0x080,
    ArbitrationPriority = 0x090,
    ProcessorPriority = 0x0a0,
    Eoi = 0x0b0,
    RemoteRead = 0x0c0,
    LogicalDestination = 0x0d0,
    DestinationFormat = 0x0e0,
    SpuriousVector = 0x0f0,
    Isr0 = 0x100, // eight registers of 32 vectors, 16 bytes apart; so are TMR and IRR
    Tmr0 = 0x180,
    Irr0 = 0x200,
    ErrorStatus = 0x280,
    LvtCmci = 0x2f0,
    IcrLow = 0x300,
    IcrHigh = 0x310, // xAPIC only
    LvtTimer = 0x320,
    LvtThermal = 0x330,
    LvtPmc = 0x340,
    LvtLint0 = 0x350,
    LvtLint1 = 0x360,
    LvtError = 0x370,
    InitialCount = 0x380,
    CurrentCount = 0x390,
    DivideConfiguration = 0x3e0,
    SelfIpi = 0x3f0, // x2APIC only
    // AMD's extended space, present when the version register has bit 31.
    ExtendedFeature = 0x400,
    ExtendedControl = 0x410,
    SpecificEoi = 0x420,
    InterruptEnable0 = 0x480,
    ExtendedLvt0 = 0x500,
    ExtendedLvt1 = 0x510,
    ExtendedLvt2 = 0x520,
    ExtendedLvt3 = 0x530,
};

inline constexpr std::size_t kLapicRegisterCount = 0x54;
inline constexpr std::uint32_t kX2apicMsrFirst = 0x800;
inline constexpr std::uint32_t kX2apicMsrLast = 0x8ff;
inline constexpr std::uint32_t kApicBaseMsr = 0x1b;
inline constexpr std::uint32_t kTscDeadlineMsr = 0x6e0;
inline constexpr std::uint64_t kLapicPageBytes = 0x1000;

constexpr std::size_t index_of(LapicRegister reg) {
    return static_cast<std::size_t>(reg) >> 4;
}

// Any offset is welcome: what names no register is refused by the model. Bits 3:0 select within a register.
constexpr LapicRegister lapic_register_at(std::uint32_t offset) {
    return static_cast<LapicRegister>(offset & 0xff0);
}

constexpr LapicRegister lapic_register_of_msr(std::uint32_t msr) {
    return static_cast<LapicRegister>((msr - kX2apicMsrFirst) << 4 & 0xff0);
}

constexpr std::uint32_t x2apic_msr_of(LapicRegister reg) {
    return kX2apicMsrFirst + static_cast<std::uint32_t>(index_of(reg));
}

// The n-th register of a run (ISR, TMR, IRR, extended LVT).
constexpr LapicRegister lapic_register_plus(LapicRegister first, unsigned n) {
    return static_cast<LapicRegister>(static_cast<unsigned>(first) + 16 * n);
}

enum class DeliveryMode : std::uint8_t {
    Fixed = 0,
    LowestPriority = 1,
    Smi = 2,
    Reserved = 3, // in the ICR of old AMD CPUs: remote read
    Nmi = 4,
    Init = 5,
    StartUp = 6, // ICR only
    ExtInt = 7,  // LVT LINT and IO-APIC only
};

enum class LapicMode : std::uint8_t { Disabled, Xapic, X2apic };

enum class TimerMode : std::uint8_t { OneShot = 0, Periodic = 1, TscDeadline = 2, Reserved = 3 };

enum class Shorthand : std::uint8_t { None = 0, Self = 1, All = 2, AllButSelf = 3 };

inline constexpr unsigned kFirstLegalVector = 16;

namespace lapic {

// IA32_APIC_BASE
using BaseBootstrap = Field<8, 8, bool>;
using BaseX2apic = Field<10, 10, bool>;
using BaseEnable = Field<11, 11, bool>;
using BaseAddress = Field<51, 12>;

using XapicId = Field<31, 24, std::uint8_t>;
using XapicLogicalId = Field<31, 24, std::uint8_t>;
using FormatModel = Field<31, 28, std::uint8_t>; // 0xf flat, 0 cluster
inline constexpr std::uint8_t kFlatModel = 0xf;
using X2apicCluster = Field<31, 16, std::uint16_t>;
using X2apicMember = Field<15, 0, std::uint16_t>;

using VersionNumber = Field<7, 0, std::uint8_t>;
using VersionMaxLvt = Field<23, 16, std::uint8_t>;
using VersionEoiSuppression = Field<24, 24, bool>;
using VersionExtendedSpace = Field<31, 31, bool>;

using ExtendedLvtCount = Field<23, 16, std::uint8_t>;

using SpuriousVectorField = Field<7, 0, std::uint8_t>;
using SpuriousEnable = Field<8, 8, bool>;
using SpuriousFocusOff = Field<9, 9, bool>;
using SpuriousEoiSuppress = Field<12, 12, bool>;

using LvtVector = Field<7, 0, std::uint8_t>;
using LvtMode = Field<10, 8, DeliveryMode>;
using LvtPending = Field<12, 12, bool>;
using LvtActiveLow = Field<13, 13, bool>;
using LvtRemoteIrr = Field<14, 14, bool>;
using LvtLevel = Field<15, 15, bool>;
using LvtMasked = Field<16, 16, bool>;
using LvtTimerMode = Field<18, 17, TimerMode>;

using IcrVector = Field<7, 0, std::uint8_t>;
using IcrMode = Field<10, 8, DeliveryMode>;
using IcrLogical = Field<11, 11, bool>;
using IcrPending = Field<12, 12, bool>;
using IcrAssert = Field<14, 14, bool>;
using IcrLevel = Field<15, 15, bool>;
using IcrShorthand = Field<19, 18, Shorthand>;
using IcrXapicDestination = Field<63, 56, std::uint8_t>; // of the 64-bit pair high:low
using IcrX2apicDestination = Field<63, 32, std::uint32_t>;

using DivideLow = Field<1, 0, std::uint8_t>;
using DivideHigh = Field<3, 3, std::uint8_t>;

// Error status
inline constexpr std::uint32_t kErrorSendIllegalVector = 1u << 5;
inline constexpr std::uint32_t kErrorReceivedIllegalVector = 1u << 6;
inline constexpr std::uint32_t kErrorIllegalRegister = 1u << 7;

} // namespace lapic

namespace ioapic {

// Offsets in the IO-APIC's page.
inline constexpr std::uint32_t kSelectOffset = 0x00;
inline constexpr std::uint32_t kWindowOffset = 0x10;
inline constexpr std::uint32_t kEoiOffset = 0x40; // version 0x20 and later

// Indices behind the window.
inline constexpr std::uint8_t kIdIndex = 0x00;
inline constexpr std::uint8_t kVersionIndex = 0x01;
inline constexpr std::uint8_t kArbitrationIndex = 0x02;
inline constexpr std::uint8_t kFirstEntryIndex = 0x10;
inline constexpr unsigned kMaxPins = 120; // indices 0x10 to 0xff, two for each pin

using Id = Field<27, 24, std::uint8_t>;
using VersionNumber = Field<7, 0, std::uint8_t>;
using VersionMaxEntry = Field<23, 16, std::uint8_t>;
inline constexpr std::uint8_t kFirstVersionWithEoi = 0x20;

// Redirection entry.
using Vector = Field<7, 0, std::uint8_t>;
using Mode = Field<10, 8, DeliveryMode>;
using Logical = Field<11, 11, bool>; // in the remappable format: bit 15 of the index
using Pending = Field<12, 12, bool>;
using ActiveLow = Field<13, 13, bool>;
using RemoteIrr = Field<14, 14, bool>;
using Level = Field<15, 15, bool>;
using Masked = Field<16, 16, bool>;
using Remappable = Field<48, 48, bool>;
using ExtendedDestination = Field<55, 49, std::uint8_t>; // destination bits 14:8, where a platform offers them
using Destination = Field<63, 56, std::uint8_t>;
using RemapIndexLow = Field<63, 49, std::uint16_t>;
using RemapIndexHigh = Field<11, 11, std::uint8_t>;

} // namespace ioapic
} // namespace vmm
