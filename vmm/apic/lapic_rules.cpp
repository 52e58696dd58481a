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
constexpr std::uint32_t kLvtPending = 0x1000;
constexpr std::uint32_t kLvtRemoteIrr = 0x4000;

struct Row {
    LapicRegister first;
    std::uint8_t count;
    LapicRule rule;
};

// A row without a right to write still takes writes in xAPIC mode, without effect; only reserved registers complain.
constexpr Row kRows[] = {
    {LapicRegister::Id, 1, {kRead, 0, 0}},
    {LapicRegister::Version, 1, {kRead, 0, 0}},
    {LapicRegister::TaskPriority, 1, {kBoth, 0xff, 0}},
    // x2APIC mode has these two only with AMD's extended space: see LapicRules::rule.
    {LapicRegister::ArbitrationPriority, 1, {LapicRule::XapicRead, 0, 0}},
    {LapicRegister::ProcessorPriority, 1, {kRead, 0, 0}},
    {LapicRegister::Eoi, 1, {kWrite, 0, 0}}, // x2APIC: zero only
    {LapicRegister::RemoteRead, 1, {LapicRule::XapicRead, 0, 0}},
    {LapicRegister::LogicalDestination, 1, {kRead | LapicRule::XapicWrite, 0xff000000, 0}},
    {LapicRegister::DestinationFormat, 1, {kXapicBoth, 0xf0000000, 0}},
    {LapicRegister::SpuriousVector, 1, {kBoth, 0x3ff, 0}},
    {LapicRegister::Isr0, 24, {kRead, 0, 0}},       // and TMR, IRR
    {LapicRegister::ErrorStatus, 1, {kBoth, 0, 0}}, // x2APIC: zero only
    {LapicRegister::LvtCmci, 1, {kBoth, kLvtModal, kLvtPending}},
    {LapicRegister::IcrLow, 1, {kBoth, 0xccfff, 0}},
    {LapicRegister::IcrHigh, 1, {kXapicBoth, 0xff000000, 0}},
    {LapicRegister::LvtTimer, 1, {kBoth, kLvtCommon | 0x20000, kLvtPending}},
    {LapicRegister::LvtThermal, 1, {kBoth, kLvtModal, kLvtPending}},
    {LapicRegister::LvtPmc, 1, {kBoth, kLvtModal, kLvtPending}},
    {LapicRegister::LvtLint0, 2, {kBoth, kLvtPin, kLvtPending | kLvtRemoteIrr}}, // and LINT1
    {LapicRegister::LvtError, 1, {kBoth, kLvtCommon, kLvtPending}},
    {LapicRegister::InitialCount, 1, {kBoth, kAll, 0}},
    {LapicRegister::CurrentCount, 1, {kRead, 0, 0}},
    {LapicRegister::DivideConfiguration, 1, {kBoth, 0xb, 0}},
    {LapicRegister::SelfIpi, 1, {LapicRule::X2apicWrite, 0xff, 0}},
    {LapicRegister::ExtendedFeature, 1, {kRead, 0, 0}},
    // Specific EOI and the interrupt enables are optional features; ExtendedFeature says that they are absent.
    {LapicRegister::ExtendedControl, 1, {kRead, 0, 0}},
    {LapicRegister::ExtendedLvt0, 4, {kBoth, kLvtModal, kLvtPending}},
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

constexpr bool is_extended(LapicRegister reg) {
    return reg >= LapicRegister::ExtendedFeature;
}

} // namespace

LapicRules::LapicRules(std::uint32_t version, std::uint32_t extended_features, bool tsc_deadline)
    : timer_bits_(tsc_deadline ? 0x40000 : 0),
      spurious_bits_(lapic::VersionEoiSuppression::get(version) ? lapic::SpuriousEoiSuppress::mask : 0),
      max_lvt_(std::max<std::uint8_t>(lapic::VersionMaxLvt::get(version), 3)),
      extended_space_(lapic::VersionExtendedSpace::get(version)) {
    if (extended_space_)
        extended_lvts_ = std::min<std::uint8_t>(lapic::ExtendedLvtCount::get(extended_features), 4);
}

LapicRule LapicRules::rule(LapicRegister reg) const {
    if (index_of(reg) >= kRules.size())
        return {};
    LapicRule rule = kRules[index_of(reg)];
    const bool absent = (reg == LapicRegister::LvtPmc && max_lvt_ < 4) ||
                        (reg == LapicRegister::LvtThermal && max_lvt_ < 5) ||
                        (reg == LapicRegister::LvtCmci && max_lvt_ < 6) || (is_extended(reg) && !extended_space_) ||
                        (reg >= lapic_register_plus(LapicRegister::ExtendedLvt0, extended_lvts_));
    if (absent)
        return {};
    if (reg == LapicRegister::LvtTimer)
        rule.writable |= timer_bits_;
    if (reg == LapicRegister::SpuriousVector)
        rule.writable |= spurious_bits_;
    if (extended_space_ && (reg == LapicRegister::ArbitrationPriority || reg == LapicRegister::RemoteRead))
        rule.access |= LapicRule::X2apicRead;
    return rule;
}

} // namespace vmm
