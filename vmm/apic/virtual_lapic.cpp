// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/apic/virtual_lapic.hpp"

#include <algorithm>

namespace vmm {
namespace {

constexpr std::uint32_t kIcrLowWritable = 0xccfff;
constexpr std::uint64_t kIcrHighHalf = 0xffffffff00000000;
constexpr std::uint64_t kIcrX2apicWritable = kIcrHighHalf | kIcrLowWritable;

} // namespace

LapicEffect VirtualLapic::end_of_interrupt() {
    const std::uint8_t vector = highest_isr_;
    if (vector == 0) [[unlikely]]
        return {};
    isr_.reset(vector);
    highest_isr_ = isr_.highest();
    update_ppr();
    if (tmr_.test(vector) && !lapic::SpuriousEoiSuppress::get(svr_)) [[unlikely]]
        return LapicEffect::eoi(vector);
    return {};
}

bool VirtualLapic::accept(std::uint8_t vector, bool level) {
    if (!is_accepting()) [[unlikely]]
        return false;
    if (vector < kFirstLegalVector) [[unlikely]] {
        report_errors(lapic::kErrorReceivedIllegalVector);
        return false;
    }
    irr_.set(vector);
    if (level)
        tmr_.set(vector);
    else
        tmr_.reset(vector);
    highest_irr_ = std::max(highest_irr_, vector);
    return true;
}

void VirtualLapic::acknowledge(std::uint8_t vector) {
    irr_.reset(vector);
    isr_.set(vector);
    highest_irr_ = irr_.highest();
    highest_isr_ = vector;
    update_ppr();
}

void VirtualLapic::collect_posted() {
    const VectorSet taken = inbox_.take();
    if (!is_accepting())
        return;
    for (unsigned n = 0; n < VectorSet::kWords; n++) {
        irr_.set_word(n, irr_.word(n) | taken.word(n));
        const std::uint64_t level = inbox_.level[n].load(std::memory_order_relaxed);
        tmr_.set_word(n, (tmr_.word(n) & ~taken.word(n)) | (taken.word(n) & level));
    }
    constexpr std::uint64_t illegal = (1u << kFirstLegalVector) - 1;
    irr_.set_word(0, irr_.word(0) & ~illegal);
    highest_irr_ = irr_.highest();
    if ((taken.word(0) & illegal) != 0)
        report_errors(lapic::kErrorReceivedIllegalVector);
}

bool VirtualLapic::expire_timer_due(std::uint64_t now) {
    if (!timer_.expire(now))
        return false;
    const std::uint32_t entry = lvt(LapicRegister::LvtTimer);
    if (!lapic::LvtMasked::get(entry))
        accept(lapic::LvtVector::get(entry), false);
    return true;
}

// The error interrupt comes with the first error after each write to the ESR.
void VirtualLapic::report_errors(std::uint32_t errors) {
    const bool is_first = detected_errors_ == 0;
    detected_errors_ |= errors;
    const std::uint32_t entry = lvt(LapicRegister::LvtError);
    if (is_first && errors != 0 && !lapic::LvtMasked::get(entry))
        accept(lapic::LvtVector::get(entry), false); // an illegal vector comes back here, no longer as the first
}

// The frequent ones besides EOI. What x2APIC mode refuses leaves this switch for the general way, which knows the
// rules.
LapicEffect VirtualLapic::write_warm(LapicRegister reg, std::uint64_t value, std::uint64_t now) {
    if (mode_ == LapicMode::Disabled) [[unlikely]]
        return LapicEffect::Kind::GeneralProtection;
    const bool is_strict = mode_ == LapicMode::X2apic;
    switch (reg) {
    case LapicRegister::IcrLow:
        if (!is_strict)
            return write_icr((icr_ & kIcrHighHalf) | (value & kIcrLowWritable));
        if ((value & ~kIcrX2apicWritable) != 0)
            return LapicEffect::Kind::GeneralProtection;
        return write_icr(value);
    case LapicRegister::IcrHigh:
        if (is_strict)
            break;
        icr_ = (value & 0xff000000) << 32 | static_cast<std::uint32_t>(icr_);
        return {};
    case LapicRegister::InitialCount:
        if (is_strict && value >> 32 != 0)
            break;
        return write_initial_count(static_cast<std::uint32_t>(value), now);
    case LapicRegister::TaskPriority:
        if (is_strict && value >> 8 != 0)
            break;
        set_task_priority(static_cast<std::uint8_t>(value));
        return {};
    default:
        break;
    }
    return write_cold(reg, value, now);
}

LapicEffect VirtualLapic::write_initial_count(std::uint32_t count, std::uint64_t now) {
    expire_timer(now); // due, but the caller had no occasion yet
    timer_.set_initial_count(count, now);
    return LapicEffect::Kind::TimerChanged;
}

// One object, filled where the caller wants it, and one return: copies would cost more than the rest.
LapicEffect VirtualLapic::write_icr(std::uint64_t icr) {
    LapicEffect effect(LapicEffect::Kind::SendIpi);
    icr_ = icr;
    effect.ipi = decode_ipi(icr, mode_);
    if (effect.ipi.mode != DeliveryMode::Fixed || effect.ipi.vector < kFirstLegalVector) [[unlikely]] {
        if (!may_send(effect.ipi))
            effect.kind = LapicEffect::Kind::None;
    } else if (is_addressed(effect.ipi)) {
        accept(effect.ipi.vector, false);
        if (effect.ipi.shorthand == Shorthand::Self)
            effect.kind = LapicEffect::Kind::None;
    }
    return effect;
}

bool VirtualLapic::may_send(const Ipi &ipi) {
    if (ipi.mode > DeliveryMode::LowestPriority || ipi.vector >= kFirstLegalVector)
        return is_sendable(ipi);
    report_errors(lapic::kErrorSendIllegalVector);
    return false;
}

LapicEffect VirtualLapic::send_self(std::uint8_t vector) {
    if (vector < kFirstLegalVector)
        report_errors(lapic::kErrorSendIllegalVector);
    else
        accept(vector, false);
    return {};
}

std::uint64_t VirtualLapic::read_tsc_deadline(std::uint64_t now) {
    expire_timer(now);
    return timer_.tsc_deadline();
}

LapicEffect VirtualLapic::write_tsc_deadline(std::uint64_t value, std::uint64_t now) {
    expire_timer(now);
    timer_.set_tsc_deadline(value);
    return LapicEffect::Kind::TimerChanged;
}

VirtualLapic *lowest_priority(std::span<VirtualLapic *const> lapics, const Ipi &ipi, const VirtualLapic &sender) {
    VirtualLapic *best = nullptr;
    for (VirtualLapic *lapic : lapics) {
        if (!lapic->address().enabled || !matches(*lapic, ipi, sender))
            continue;
        if (best == nullptr || lapic->priority() < best->priority())
            best = lapic;
    }
    return best;
}

} // namespace vmm
