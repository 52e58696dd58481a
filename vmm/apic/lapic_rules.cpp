// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/apic/lapic_rules.hpp"

#include <algorithm>

namespace vmm {
namespace {

constexpr std::uint8_t kRead = LapicRule::XapicRead | LapicRule::X2apicRead;
constexpr std::uint8_t kWrite = LapicRule::XapicWrite | LapicRule::X2apicWrite;
constexpr std::uint8_t kBoth = kRead | kWrite;
constexpr std::uint8_t kXapicBoth = LapicRule::XapicRead | LapicRule::XapicWrite;

constexpr std::uint32_t kAll = 0xffffffff;
constexpr std::uint32_t kLvtCommon = 0x100ff;                  // mask, vector
constexpr std::uint32_t kLvtModal = kLvtCommon | 0x700;        // delivery mode
constexpr std::uint32_t kLvtPin = kLvtModal | 0x8000 | 0x2000; // trigger, polarity
constexpr std::uint16_t kLvtPending = 0x1000;
constexpr std::uint16_t kLvtRemoteIrr = 0x4000;

struct Row {
    LapicRegister first;
    std::uint8_t count;
    LapicRule rule;
};

// A row without a right to write still takes writes in xAPIC mode, without effect; only reserved registers complain.
constexpr Row kRows[] = {
    {LapicRegister::Id, 1, {kRead, 0, 0}},
    {LapicRegister::Version, 1, {kRead, 0, 0}},
    {LapicRegister::TaskPriority, 1, {kBoth, 0, 0xff}},
    // x2APIC mode has these two only with AMD's extended space: see the constructor.
    {LapicRegister::ArbitrationPriority, 1, {LapicRule::XapicRead, 0, 0}},
    {LapicRegister::ProcessorPriority, 1, {kRead, 0, 0}},
    {LapicRegister::Eoi, 1, {kWrite, 0, 0}}, // x2APIC: zero only
    {LapicRegister::RemoteRead, 1, {LapicRule::XapicRead, 0, 0}},
    {LapicRegister::LogicalDestination, 1, {kRead | LapicRule::XapicWrite, 0, 0xff000000}},
    {LapicRegister::DestinationFormat, 1, {kXapicBoth, 0, 0xf0000000}},
    {LapicRegister::SpuriousVector, 1, {kBoth, 0, 0x3ff}},
    {LapicRegister::Isr0, 24, {kRead, 0, 0}},       // and TMR, IRR
    {LapicRegister::ErrorStatus, 1, {kBoth, 0, 0}}, // x2APIC: zero only
    {LapicRegister::LvtCmci, 1, {kBoth, kLvtPending, kLvtModal}},
    {LapicRegister::IcrLow, 1, {kBoth, 0, 0xccfff}},
    {LapicRegister::IcrHigh, 1, {kXapicBoth, 0, 0xff000000}},
    {LapicRegister::LvtTimer, 1, {kBoth, kLvtPending, kLvtCommon | 0x20000}},
    {LapicRegister::LvtThermal, 1, {kBoth, kLvtPending, kLvtModal}},
    {LapicRegister::LvtPmc, 1, {kBoth, kLvtPending, kLvtModal}},
    {LapicRegister::LvtLint0, 2, {kBoth, kLvtPending | kLvtRemoteIrr, kLvtPin}}, // and LINT1
    {LapicRegister::LvtError, 1, {kBoth, kLvtPending, kLvtCommon}},
    {LapicRegister::InitialCount, 1, {kBoth, 0, kAll}},
    {LapicRegister::CurrentCount, 1, {kRead, 0, 0}},
    {LapicRegister::DivideConfiguration, 1, {kBoth, 0, 0xb}},
    {LapicRegister::SelfIpi, 1, {LapicRule::X2apicWrite, 0, 0xff}},
    {LapicRegister::ExtendedFeature, 1, {kRead, 0, 0}},
    // Specific EOI and the interrupt enables are optional features; ExtendedFeature says that they are absent.
    {LapicRegister::ExtendedControl, 1, {kRead, 0, 0}},
    {LapicRegister::ExtendedLvt0, 4, {kBoth, kLvtPending, kLvtModal}},
};

consteval std::array<LapicRule, kLapicRegisterCount> spread_rows() {
    std::array<LapicRule, kLapicRegisterCount> rules{};
    for (const Row &row : kRows)
        for (unsigned n = 0; n < row.count; n++) {
            LapicRule &rule = rules[index_of(row.first) + n];
            if (rule.access != LapicRule::None)
                __builtin_trap(); // two rows for one register: not a constant expression, so it does not compile
            rule = row.rule;
        }
    return rules;
}

constexpr auto kRules = spread_rows();

} // namespace

LapicRules::LapicRules(std::uint32_t version, std::uint32_t extended_features, bool tsc_deadline) {
    const unsigned max_lvt = lapic::VersionMaxLvt::get(version);
    const bool has_extended_space = lapic::VersionExtendedSpace::get(version);
    const unsigned extended_lvts = has_extended_space ? lapic::ExtendedLvtCount::get(extended_features) : 0;
    std::copy(kRules.begin(), kRules.end(), rules_.begin());
    if (max_lvt < 6)
        remove(LapicRegister::LvtCmci);
    if (max_lvt < 5)
        remove(LapicRegister::LvtThermal);
    if (max_lvt < 4)
        remove(LapicRegister::LvtPmc);
    for (unsigned n = extended_lvts; n < 4; n++)
        remove(lapic_register_plus(LapicRegister::ExtendedLvt0, n));
    if (has_extended_space) {
        rules_[index_of(LapicRegister::ArbitrationPriority)].access |= LapicRule::X2apicRead;
        rules_[index_of(LapicRegister::RemoteRead)].access |= LapicRule::X2apicRead;
    } else {
        remove(LapicRegister::ExtendedFeature);
        remove(LapicRegister::ExtendedControl);
    }
    if (tsc_deadline)
        rules_[index_of(LapicRegister::LvtTimer)].writable |= 0x40000;
    if (lapic::VersionEoiSuppression::get(version))
        rules_[index_of(LapicRegister::SpuriousVector)].writable |= lapic::SpuriousEoiSuppress::mask;
}

} // namespace vmm
