// SPDX-License-Identifier: GPL-2.0-only
// Time, updates and interrupts; section titles are those of the MC146818 data sheet.
#include "vmm/device/rtc.hpp"

#include "vmm/device/calendar.hpp"

#include <algorithm>

namespace vmm::device {
namespace {

constexpr std::uint32_t kMinute = 60, kHour = 3600, kDay = 86400;

using RateSelect = Field<3, 0, std::uint8_t>;    // register A
using DividerSelect = Field<6, 4, std::uint8_t>; // register A
constexpr std::uint8_t kUpdateInProgress = 0x80; // register A
constexpr std::uint8_t kDividing = 2;            // of a 32,768 Hz crystal; no other is here

constexpr std::uint8_t kHours24 = 0x02, kBinary = 0x04, kSquareWave = 0x08;  // register B
constexpr std::uint8_t kUpdateEnded = 0x10, kAlarm = 0x20, kPeriodic = 0x40; // flags of C, enables of B
constexpr std::uint8_t kInterrupts = kUpdateEnded | kAlarm | kPeriodic;
constexpr std::uint8_t kSetMode = 0x80;          // register B
constexpr std::uint8_t kInterruptRequest = 0x80; // register C
constexpr std::uint8_t kValidTime = 0x80;        // register D
constexpr std::uint8_t kRate1024 = 6;
constexpr std::uint8_t kAnyValue = 0xc0; // of an alarm
constexpr std::uint8_t kAfternoon = 0x80;

// "Update Cycle": UIP is set at least 244 us before the registers change. The change itself takes no time here.
constexpr std::uint64_t kNoticeTicks = Rtc::Divider::ticks(244'000) + 1;

} // namespace

void Rtc::configure(std::uint64_t epoch) {
    *this = {};
    registers_[A] = kDividing << 4 | kRate1024;
    registers_[B] = kHours24;
    registers_[D] = kValidTime;
    registers_[DayOfWeek] = encode(weekday_of(0) + 1);
    registers_[DayOfMonth] = registers_[Month] = encode(1);
    registers_[Year] = encode(70);
    registers_[Century] = encode(19);
    advance(epoch);
}

void Rtc::reset() {
    registers_[B] &= ~(kInterrupts | kSquareWave);
    registers_[C] = 0;
    selected_ = 0;
}

bool Rtc::is_set_mode() const {
    return (registers_[B] & kSetMode) != 0;
}

bool Rtc::is_dividing() const {
    return DividerSelect::get(registers_[A]) == kDividing;
}

// Table 5, "Periodic Interrupt Rate and Square Wave Output Frequency"; as a power of two of the chain's ticks. 0: none.
unsigned Rtc::period_bits() const {
    const unsigned rate = RateSelect::get(registers_[A]);
    return rate == 0 ? 0 : rate <= 2 ? rate + 6 : rate - 1;
}

std::uint64_t Rtc::chain(std::uint64_t now) const {
    if (!is_dividing() || now < origin_)
        return origin_chain_;
    return origin_chain_ + Divider::ticks(now - origin_);
}

std::uint64_t Rtc::time_of_chain(std::uint64_t tick) const {
    return origin_ + Divider::time(tick - origin_chain_);
}

bool Rtc::is_update_near(std::uint64_t now) const {
    constexpr std::uint64_t kChainMask = (1u << kChainBits) - 1;
    return is_dividing() && !is_set_mode() && (chain(now) & kChainMask) >= kChainMask + 1 - kNoticeTicks;
}

void Rtc::update(std::uint64_t now) {
    const std::uint64_t seen = seen_chain_, tick = std::max(chain(now), seen);
    seen_chain_ = tick;
    const unsigned period = period_bits();
    if (period != 0 && tick >> period != seen >> period)
        registers_[C] |= kPeriodic;
    const std::uint64_t seconds = (tick >> kChainBits) - (seen >> kChainBits);
    if (seconds == 0 || is_set_mode())
        return;
    if (seconds_to_alarm() <= seconds)
        registers_[C] |= kAlarm;
    registers_[C] |= kUpdateEnded;
    advance(seconds);
}

// Any value may have been written into the registers: what is no date becomes one here.
void Rtc::advance(std::uint64_t seconds) {
    const unsigned month = std::clamp(decode(registers_[Month]), 1u, 12u);
    const std::int64_t year = decode(registers_[Century]) * 100 + decode(registers_[Year]);
    const TimeOfDay time = time_of_day();
    const std::uint64_t total = time.hour * kHour + time.minute * kMinute + time.second + seconds;
    const std::uint64_t passed = total / kDay;
    const auto rest = static_cast<unsigned>(total % kDay);
    const Date date =
        date_of(days_of({year, month, decode(registers_[DayOfMonth])}) + static_cast<std::int64_t>(passed));
    registers_[Seconds] = encode(rest % kMinute);
    registers_[Minutes] = encode(rest / kMinute % 60);
    registers_[Hours] = encode_hour(rest / kHour);
    registers_[DayOfWeek] = encode(static_cast<unsigned>((decode(registers_[DayOfWeek]) + 6 + passed) % 7 + 1));
    registers_[DayOfMonth] = encode(static_cast<unsigned>(date.day));
    registers_[Month] = encode(date.month);
    registers_[Year] = encode(static_cast<unsigned>(date.year % 100));
    registers_[Century] = encode(static_cast<unsigned>(date.year / 100 % 100));
}

Rtc::TimeOfDay Rtc::time_of_day() const {
    return {decode_hour(registers_[Hours]), decode(registers_[Minutes]), decode(registers_[Seconds])};
}

// "Alarm": a byte with its two upper bits set matches always. Steps by hours, minutes and seconds: at most 144 in all.
std::uint32_t Rtc::seconds_to_alarm() const {
    const std::uint8_t hours = registers_[HoursAlarm], minutes = registers_[MinutesAlarm];
    const std::uint8_t seconds = registers_[SecondsAlarm];
    const auto is_any = [](std::uint8_t raw) { return (raw & kAnyValue) == kAnyValue; };
    const unsigned hour = decode_hour(hours), minute = decode(minutes), second = decode(seconds);
    if ((!is_any(hours) && hour >= 24) || (!is_any(minutes) && minute >= 60) || (!is_any(seconds) && second >= 60))
        return kNoAlarm;
    const TimeOfDay time = time_of_day();
    const std::uint32_t start = time.hour * kHour + time.minute * kMinute + time.second;
    for (std::uint32_t at = start + 1; at <= start + kDay;) {
        if (!is_any(hours) && at / kHour % 24 != hour)
            at = (at / kHour + 1) * kHour;
        else if (!is_any(minutes) && at / kMinute % 60 != minute)
            at = (at / kMinute + 1) * kMinute;
        else if (!is_any(seconds) && at % kMinute != second)
            at++;
        else
            return at - start;
    }
    return kNoAlarm;
}

bool Rtc::is_armed() const {
    return (registers_[B] & kInterrupts) != 0;
}

bool Rtc::interrupt() const {
    return (registers_[B] & registers_[C] & kInterrupts) != 0;
}

// A line that is high rises no more until register C is read.
std::uint64_t Rtc::deadline() const {
    if (!is_armed() || interrupt() || !is_dividing())
        return kNever;
    std::uint64_t first = kNever;
    const unsigned period = period_bits();
    if ((registers_[B] & kPeriodic) != 0 && period != 0)
        first = ((seen_chain_ >> period) + 1) << period;
    if (is_set_mode())
        return first == kNever ? kNever : time_of_chain(first);
    const std::uint64_t second = seen_chain_ >> kChainBits;
    if ((registers_[B] & kUpdateEnded) != 0)
        first = std::min(first, (second + 1) << kChainBits);
    if ((registers_[B] & kAlarm) != 0)
        if (const std::uint32_t seconds = seconds_to_alarm(); seconds != kNoAlarm)
            first = std::min(first, (second + seconds) << kChainBits);
    return first == kNever ? kNever : time_of_chain(first);
}

// "Divider Control": held in reset it stands still, and the first update comes half a second after the release.
void Rtc::set_divider(std::uint8_t value, std::uint64_t now) {
    const bool was_dividing = is_dividing();
    registers_[A] = value & ~kUpdateInProgress;
    if (was_dividing == is_dividing())
        return;
    const std::uint64_t seconds = (seen_chain_ >> kChainBits) << kChainBits;
    origin_ = now;
    origin_chain_ = seen_chain_ = seconds | 1u << (kChainBits - 1);
}

// "SET": going high it ends an update, and clears the update-ended interrupt's enable.
void Rtc::set_control(std::uint8_t value) {
    registers_[B] = (value & kSetMode) != 0 ? value & ~kUpdateEnded : value;
}

// "Register C": a read clears it, the line falls.
std::uint8_t Rtc::take_flags() {
    const std::uint8_t flags = registers_[C] | (interrupt() ? kInterruptRequest : 0);
    registers_[C] = 0;
    return flags;
}

std::uint8_t Rtc::read(std::uint64_t now) {
    update(now);
    switch (selected_) {
    case A:
        return registers_[A] | (is_update_near(now) ? kUpdateInProgress : 0);
    case C:
        return take_flags();
    default:
        return registers_[selected_];
    }
}

void Rtc::write(std::uint8_t value, std::uint64_t now) {
    update(now);
    switch (selected_) {
    case A:
        return set_divider(value, now);
    case B:
        return set_control(value);
    case C: // read-only, as is D
    case D:
        return;
    default:
        registers_[selected_] = value;
    }
}

unsigned Rtc::decode(std::uint8_t raw) const {
    return (registers_[B] & kBinary) != 0 ? raw : (raw >> 4) * 10u + (raw & 15u);
}

std::uint8_t Rtc::encode(unsigned value) const {
    return static_cast<std::uint8_t>((registers_[B] & kBinary) != 0 ? value : value / 10 << 4 | value % 10);
}

// Table 3: 12 hours are 12 and 1 to 11, the afternoon's with bit 7.
unsigned Rtc::decode_hour(std::uint8_t raw) const {
    if ((registers_[B] & kHours24) != 0)
        return decode(raw);
    return decode(raw & ~kAfternoon) % 12 + ((raw & kAfternoon) != 0 ? 12 : 0);
}

std::uint8_t Rtc::encode_hour(unsigned hour) const {
    if ((registers_[B] & kHours24) != 0)
        return encode(hour);
    return encode(hour % 12 == 0 ? 12 : hour % 12) | (hour >= 12 ? kAfternoon : 0);
}

} // namespace vmm::device
