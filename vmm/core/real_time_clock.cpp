// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/core/real_time_clock.hpp"

#include "vmm/device/calendar.hpp"
#include "vmm/x86/intrinsics.hpp"

namespace vmm {
namespace {

// MC146818A, figures 2 and 12.
constexpr std::uint16_t kIndexPort = 0x70, kDataPort = 0x71;
constexpr std::uint8_t kSeconds = 0, kMinutes = 2, kHours = 4, kDay = 7, kMonth = 8, kYear = 9, kA = 10, kB = 11;
constexpr std::uint8_t kUpdating = 0x80, kBinary = 0x04, kFullDay = 0x02, kAfternoon = 0x80;

std::uint8_t read(std::uint8_t index) {
    x86::out8(kIndexPort, index);
    return x86::in8(kDataPort);
}

unsigned decimal(std::uint8_t value, std::uint8_t b) {
    return b & kBinary ? value : (value >> 4) * 10u + (value & 15u);
}

unsigned hours(std::uint8_t value, std::uint8_t b) {
    if (b & kFullDay)
        return decimal(value, b);
    return decimal(value & 0x7f, b) % 12 + (value & kAfternoon ? 12 : 0);
}

} // namespace

std::uint64_t read_real_time_clock() {
    constexpr std::uint64_t kBillion = 1000000000;
    constexpr unsigned kPatience = 10000; // an update takes 2 ms at most; an absent clock reads as all ones
    for (unsigned i = 0; i < kPatience && (read(kA) & kUpdating); i++)
        x86::pause();
    const std::uint8_t b = read(kB);
    const unsigned year = decimal(read(kYear), b);
    const device::Date date{.year = year < 70 ? 2000 + year : 1900 + year,
                            .month = decimal(read(kMonth), b),
                            .day = decimal(read(kDay), b)};
    if (date.month == 0 || date.month > 12)
        return 0;
    const std::uint64_t minutes = 60ull * hours(read(kHours), b) + decimal(read(kMinutes), b);
    const std::uint64_t seconds = 60 * minutes + decimal(read(kSeconds), b);
    return (static_cast<std::uint64_t>(device::days_of(date)) * 86400 + seconds) * kBillion;
}

} // namespace vmm
