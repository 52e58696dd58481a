// SPDX-License-Identifier: GPL-2.0-only
#include "console/vm/options/values.hpp"

#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <optional>
#include <sstream>

#include "console/vm/options/bad_value.hpp"
#include "vmnix/abi/hypercall/vm.h"

namespace console {

namespace {

struct Unit {
    char letter;
    std::uint64_t bytes;
};
constexpr std::array<Unit, 4> units{{{'K', 1ull << 10}, {'M', 1ull << 20}, {'G', 1ull << 30}, {'T', 1ull << 40}}};

constexpr unsigned cpu_limit = 256; // bits of a CpuSet

std::optional<std::uint64_t> whole_number(const std::string &text) {
    std::uint64_t value = 0;
    const char *end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (text.empty() || error != std::errc() || stop != end)
        return std::nullopt;
    return value;
}

std::optional<double> decimal_number(const std::string &text) {
    double value = 0;
    const char *end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value, std::chars_format::fixed);
    if (text.empty() || error != std::errc() || stop != end || !std::isfinite(value))
        return std::nullopt;
    return value;
}

char upper(char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

// M, MiB and MB are all the same here: memory has no other megabytes.
std::string without_byte_word(const std::string &text) {
    for (const std::string word : {"iB", "B", "ib", "b"})
        if (text.size() > word.size() + 1 && text.ends_with(word))
            return text.substr(0, text.size() - word.size());
    return text;
}

std::optional<std::uint64_t> bytes_of(const std::string &text) {
    const std::string short_text = without_byte_word(text);
    if (short_text.empty())
        return std::nullopt;
    for (const Unit &unit : units) {
        if (upper(short_text.back()) != unit.letter)
            continue;
        const auto count = whole_number(short_text.substr(0, short_text.size() - 1));
        if (!count)
            return std::nullopt;
        return *count > UINT64_MAX / unit.bytes ? UINT64_MAX : *count * unit.bytes;
    }
    return std::nullopt;
}

// "a" or "a-b".
std::pair<unsigned, unsigned> parse_range(const std::string &text, const std::string &all) {
    const std::size_t dash = text.find('-');
    const auto first = whole_number(text.substr(0, dash));
    const auto last = dash == text.npos ? first : whole_number(text.substr(dash + 1));
    if (!first || !last || *last < *first || *last >= cpu_limit)
        throw BadValue(fmt::format("'{}' is no list of CPUs below {}: write it as 0-1,3, or all", all, cpu_limit));
    return {static_cast<unsigned>(*first), static_cast<unsigned>(*last)};
}

bool contains(const CpuSet &cpus, unsigned cpu) {
    return cpu < cpu_limit && (cpus[cpu / 64] >> (cpu % 64) & 1);
}

} // namespace

std::uint64_t parse_number(const std::string &text, const char *what, std::uint64_t least, std::uint64_t most) {
    const auto value = whole_number(text);
    if (!value || *value < least || *value > most)
        throw BadValue(fmt::format("'{}' is no number of {}: {} to {} can be given", text, what, least, most));
    return *value;
}

std::uint64_t parse_memory(const std::string &text) {
    const std::string choice = fmt::format("{} to {} can be given, for example 128M",
                                           memory_text(VMNIX_VM_MEMORY_LEAST), memory_text(VMNIX_VM_MEMORY_MOST));
    if (whole_number(text).value_or(0) > 0)
        throw BadValue(fmt::format("'{0}' has no unit: write {0}M for MiB or {0}G for GiB", text));
    const auto bytes = bytes_of(text);
    if (!bytes && whole_number(text) != 0)
        throw BadValue(fmt::format("'{}' is no amount of memory: {}", text, choice));
    if (bytes.value_or(0) == 0)
        throw BadValue(fmt::format("a VM needs memory: {}", choice));
    if (*bytes > VMNIX_VM_MEMORY_MOST)
        throw BadValue(fmt::format("'{}' is more than a VM can have: {}", text, choice));
    return *bytes;
}

std::string memory_text(std::uint64_t bytes) {
    for (auto unit = units.rbegin(); unit != units.rend(); ++unit)
        if (bytes && bytes % unit->bytes == 0)
            return fmt::format("{}{}", bytes / unit->bytes, unit->letter);
    return fmt::format("{}B", bytes);
}

double parse_duration(const std::string &text) {
    constexpr std::array<std::pair<char, double>, 3> factors{{{'S', 1}, {'M', 60}, {'H', 3600}}};
    constexpr double longest = 7 * 24 * 3600.0;
    std::string number = text;
    double factor = 1;
    for (const auto &[letter, seconds] : factors)
        if (!text.empty() && upper(text.back()) == letter) {
            number.pop_back();
            factor = seconds;
        }
    const auto value = decimal_number(number);
    if (!value || *value < 0 || *value * factor > longest)
        throw BadValue(fmt::format("'{}' is no time: write it as 30s, 2m or 1h", text));
    return *value * factor;
}

bool parse_yes_no(const std::string &text) {
    if (text == "yes" || text == "no")
        return text == "yes";
    throw BadValue(fmt::format("'{}' is neither yes nor no", text));
}

std::uint32_t parse_percent(const std::string &text) {
    constexpr double most = 100.0 * cpu_limit;
    if (text == "none")
        return 0;
    const auto value = text.ends_with('%') ? decimal_number(text.substr(0, text.size() - 1)) : std::nullopt;
    if (!value || *value < 0 || *value > most)
        throw BadValue(fmt::format("'{}' is no part of a CPU: write 50% for half of one, 200% for two, or none", text));
    const auto thousandths = static_cast<std::uint32_t>(std::lround(*value * 10));
    if (thousandths == 0 && *value > 0)
        throw BadValue(fmt::format("'{}' is too little: 0.1% is the least, or none", text));
    return thousandths;
}

std::string percent_text(std::uint32_t thousandths) {
    if (thousandths == 0)
        return "none";
    return thousandths % 10 ? fmt::format("{}.{}%", thousandths / 10, thousandths % 10)
                            : fmt::format("{}%", thousandths / 10);
}

CpuSet parse_cpus(const std::string &text) {
    CpuSet cpus{};
    if (text == "all")
        return cpus;
    std::istringstream parts(text + ",");
    for (std::string part; std::getline(parts, part, ',');) {
        const auto [first, last] = parse_range(part, text);
        for (unsigned cpu = first; cpu <= last; ++cpu)
            cpus[cpu / 64] |= std::uint64_t{1} << (cpu % 64);
    }
    return cpus;
}

std::string cpus_text(const CpuSet &cpus) {
    std::string text;
    for (unsigned cpu = 0; cpu < cpu_limit; ++cpu) {
        if (!contains(cpus, cpu))
            continue;
        unsigned last = cpu;
        while (contains(cpus, last + 1))
            ++last;
        text += fmt::format("{}{}", text.empty() ? "" : ",", cpu);
        if (last > cpu)
            text += fmt::format("-{}", last);
        cpu = last;
    }
    return text.empty() ? "all" : text;
}

unsigned highest_cpu(const CpuSet &cpus) {
    unsigned highest = 0;
    for (unsigned cpu = 0; cpu < cpu_limit; ++cpu)
        if (contains(cpus, cpu))
            highest = cpu;
    return highest;
}

} // namespace console
