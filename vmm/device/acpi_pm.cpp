// SPDX-License-Identifier: GPL-2.0-only
// ACPI specification, 4.8.3 "PM1 Event Registers" and "PM1 Control Registers", 4.8.2.1 "Power Management Timer".
#include "vmm/device/acpi_pm.hpp"

#include <algorithm>

namespace vmm::device {
namespace {

constexpr std::uint16_t kTimerStatus = 1u << 0, kGlobalStatus = 1u << 5, kPowerButton = 1u << 8;
constexpr std::uint16_t kSleepButton = 1u << 9, kRtc = 1u << 10;
constexpr std::uint16_t kEnableWritable = kTimerStatus | kGlobalStatus | kPowerButton | kSleepButton | kRtc;

constexpr std::uint16_t kSciEnabled = 1u << 0, kBusMasterReload = 1u << 1;
using SleepType = Field<12, 10, std::uint8_t>;
using SleepEnable = Field<13, 13, bool>; // write-only
constexpr std::uint16_t kControlWritable = SleepType::mask | kBusMasterReload;

constexpr unsigned kHalfTurnBits = 31; // the status is set when the timer's highest bit changes

// Both event registers and the control register as one word, by offset; the two bytes above are nobody's.
constexpr unsigned kEnableShift = 16, kControlShift = 32;

} // namespace

void AcpiPm::reset() {
    status_ = enable_ = control_ = 0;
}

void AcpiPm::run(std::uint64_t now) {
    const std::uint64_t turns = std::max(Timer::ticks(now) >> kHalfTurnBits, half_turns_);
    if (turns != half_turns_)
        status_ |= kTimerStatus;
    half_turns_ = turns;
}

std::uint64_t AcpiPm::deadline() const {
    if ((enable_ & kTimerStatus) == 0 || sci())
        return kNever;
    return Timer::time((half_turns_ + 1) << kHalfTurnBits);
}

void AcpiPm::press_power_button() {
    status_ |= kPowerButton;
}

std::uint32_t AcpiPm::read(unsigned offset, unsigned size, std::uint64_t now) {
    const std::uint64_t mask = bit(8 * size) - 1;
    if (offset >= kTimerOffset)
        return static_cast<std::uint32_t>(timer(now) >> 8 * (offset - kTimerOffset) & mask);
    run(now);
    const std::uint64_t word = status_ | std::uint64_t{enable_} << kEnableShift |
                               std::uint64_t{static_cast<std::uint16_t>(control_ | kSciEnabled)} << kControlShift;
    return static_cast<std::uint32_t>(word >> 8 * offset & mask);
}

bool AcpiPm::write(unsigned offset, unsigned size, std::uint32_t value, std::uint64_t now) {
    if (offset >= kTimerOffset)
        return false; // read-only
    run(now);
    const std::uint64_t written = (bit(8 * size) - 1) << 8 * offset;
    const std::uint64_t word = std::uint64_t{value} << 8 * offset & written;
    const auto merge = [&](std::uint16_t before, unsigned shift) {
        return static_cast<std::uint16_t>((before & ~(written >> shift)) | word >> shift);
    };
    status_ &= ~static_cast<std::uint16_t>(word); // written ones clear
    enable_ = merge(enable_, kEnableShift) & kEnableWritable;
    const std::uint16_t control = merge(control_, kControlShift);
    control_ = control & kControlWritable;
    return SleepEnable::get(control) && SleepType::get(control) == kSleepTypeOff;
}

} // namespace vmm::device
