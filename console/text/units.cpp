// SPDX-License-Identifier: GPL-2.0-only
#include "console/text/units.hpp"

#include <array>
#include <cmath>
#include <fmt/format.h>

namespace console {

std::string grouped(std::uint64_t number) {
    std::string digits = std::to_string(number);
    for (std::size_t end = digits.size(); end > 3; end -= 3)
        digits.insert(end - 3, 1, ',');
    return digits;
}

std::string byte_size(std::uint64_t bytes) {
    static constexpr std::array units{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    if (bytes < 1024)
        return fmt::format("{} B", bytes);
    double value = static_cast<double>(bytes);
    std::size_t unit = 0;
    while (value >= 1023.95 && unit + 1 < units.size()) { // what would be shown as 1024.0 is 1.0 of the next unit
        value /= 1024;
        ++unit;
    }
    return fmt::format("{:.1f} {}", value, units[unit]);
}

std::string rate(double per_second) {
    if (!(per_second > 0))
        return "0";
    if (per_second < 9.95)
        return fmt::format("{:.1f}", per_second);
    return grouped(static_cast<std::uint64_t>(std::llround(per_second)));
}

std::string duration(double seconds) {
    if (seconds < 0.0009995)
        return fmt::format("{:.1f} us", seconds * 1e6);
    if (seconds < 0.9995)
        return fmt::format("{:.3g} ms", seconds * 1e3);
    if (seconds < 59.95)
        return fmt::format("{:.1f} s", seconds);
    const auto whole = static_cast<std::uint64_t>(std::llround(seconds));
    if (whole < 3600)
        return fmt::format("{} min {} s", whole / 60, whole % 60);
    if (whole < 86400)
        return fmt::format("{} h {} min", whole / 3600, whole % 3600 / 60);
    return fmt::format("{} d {} h", whole / 86400, whole % 86400 / 3600);
}

std::string hex_bytes(std::span<const std::uint8_t> bytes) {
    std::string text;
    for (const std::uint8_t byte : bytes)
        text += fmt::format("{:02x}", byte);
    return text;
}

double seconds_of(std::uint64_t ticks, std::uint64_t tsc_khz) {
    return tsc_khz ? static_cast<double>(ticks) / (static_cast<double>(tsc_khz) * 1000) : 0;
}

} // namespace console
