// SPDX-License-Identifier: GPL-2.0-only
// VirtualLapic's registers by their rules; the hot writes have been served before they come here.
#include "vmm/apic/virtual_lapic.hpp"

namespace vmm {
namespace {

constexpr bool is_in_run(LapicRegister reg, LapicRegister first) {
    return reg >= first && index_of(reg) < index_of(first) + 8;
}

unsigned slice_of(LapicRegister reg) {
    return index_of(reg) % 8;
}

} // namespace

LapicRead VirtualLapic::read(LapicRegister reg, std::uint64_t now) {
    if (reg == LapicRegister::IcrLow && mode_ == LapicMode::Xapic) // polled before each IPI
        return {static_cast<std::uint32_t>(icr_), false};
    const std::uint8_t access = rules_.rule(reg).access;
    if (mode_ != LapicMode::Xapic) {
        if (mode_ == LapicMode::Disabled || !(access & LapicRule::X2apicRead))
            return {0, true};
        return {reg == LapicRegister::IcrLow ? icr_ : read_register(reg, now), false};
    }
    if (access & LapicRule::XapicRead)
        return {read_register(reg, now), false};
    if (!(access & LapicRule::XapicWrite))
        report_errors(lapic::kErrorIllegalRegister);
    return {0, false};
}

std::uint32_t VirtualLapic::read_register(LapicRegister reg, std::uint64_t now) {
    if (is_in_run(reg, LapicRegister::Isr0))
        return isr_.slice(slice_of(reg));
    if (is_in_run(reg, LapicRegister::Tmr0) || is_in_run(reg, LapicRegister::Irr0)) {
        collect();
        return (is_in_run(reg, LapicRegister::Tmr0) ? tmr_ : irr_).slice(slice_of(reg));
    }
    switch (reg) {
    case LapicRegister::Id:
        return id_register();
    case LapicRegister::Version:
        return config_.version;
    case LapicRegister::TaskPriority:
        return tpr_;
    case LapicRegister::ArbitrationPriority:
        return arbitration_priority();
    case LapicRegister::ProcessorPriority:
        return priority();
    case LapicRegister::LogicalDestination:
        return logical_destination();
    case LapicRegister::DestinationFormat:
        return dfr_;
    case LapicRegister::SpuriousVector:
        return svr_;
    case LapicRegister::ErrorStatus:
        return esr_;
    case LapicRegister::IcrHigh:
        return static_cast<std::uint32_t>(icr_ >> 32);
    case LapicRegister::InitialCount:
        return timer_.initial_count();
    case LapicRegister::CurrentCount:
        return timer_.current_count(now);
    case LapicRegister::DivideConfiguration:
        return timer_.divide_register();
    case LapicRegister::ExtendedFeature:
        return extended_features();
    case LapicRegister::ExtendedControl:
        return extended_control_;
    case LapicRegister::RemoteRead:
        return 0; // remote reads are never sent
    default:
        return lvt(reg); // the rules let nothing else through
    }
}

LapicEffect VirtualLapic::write_cold(LapicRegister reg, std::uint64_t value, std::uint64_t now) {
    const LapicRule &rule = rules_.rule(reg);
    if (reg == LapicRegister::Eoi && mode_ == LapicMode::Xapic)
        return end_of_interrupt(); // with a value other than zero
    if (mode_ == LapicMode::X2apic) {
        const std::uint64_t reserved = ~std::uint64_t{rule.writable | rule.ignored};
        if (!(rule.access & LapicRule::X2apicWrite) || (value & reserved) != 0)
            return LapicEffect::Kind::GeneralProtection;
    } else if (!(rule.access & LapicRule::XapicWrite)) {
        if (!(rule.access & LapicRule::XapicRead))
            report_errors(lapic::kErrorIllegalRegister);
        return {};
    }
    return write_register(reg, static_cast<std::uint32_t>(value) & rule.writable, now);
}

LapicEffect VirtualLapic::write_register(LapicRegister reg, std::uint32_t value, std::uint64_t now) {
    switch (reg) {
    case LapicRegister::LogicalDestination:
        ldr_ = value;
        publish_address();
        return LapicEffect::write_physical(reg, ldr_);
    case LapicRegister::DestinationFormat:
        dfr_ = value | 0x0fffffff;
        publish_address();
        return LapicEffect::write_physical(reg, dfr_);
    case LapicRegister::SpuriousVector:
        return write_spurious(value, now);
    case LapicRegister::ErrorStatus:
        esr_ = detected_errors_;
        detected_errors_ = 0;
        return {};
    case LapicRegister::SelfIpi:
        return send_self(static_cast<std::uint8_t>(value));
    case LapicRegister::DivideConfiguration:
        expire_timer(now);
        timer_.set_divide(value, now);
        return LapicEffect::Kind::TimerChanged;
    default:
        return write_lvt(reg, value, now);
    }
}

LapicEffect VirtualLapic::write_spurious(std::uint32_t value, std::uint64_t now) {
    // What was sent or due while enabled came before this write.
    collect();
    expire_timer(now);
    const bool was_enabled = is_software_enabled();
    svr_ = value;
    if (is_software_enabled() == was_enabled)
        return {};
    if (was_enabled)
        for (std::uint32_t &entry : lvt_)
            entry |= lapic::LvtMasked::mask;
    publish_address();
    return LapicEffect::Kind::PhysicalAll;
}

LapicEffect VirtualLapic::write_lvt(LapicRegister reg, std::uint32_t value, std::uint64_t now) {
    if (!is_software_enabled())
        value |= lapic::LvtMasked::mask;
    if (reg != LapicRegister::LvtTimer) {
        lvt_[lvt_slot(reg)] = value;
        return LapicEffect::write_physical(reg, physical_value(reg));
    }
    expire_timer(now); // under the old mask and vector
    lvt_[lvt_slot(reg)] = value;
    timer_.set_mode(lapic::LvtTimerMode::get(value), now);
    return LapicEffect::Kind::TimerChanged;
}

} // namespace vmm
