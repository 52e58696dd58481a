// SPDX-License-Identifier: GPL-2.0-only
#include "console/check/proc_parsers.hpp"

#include <algorithm>
#include <charconv>

namespace console {

namespace {

constexpr std::string_view blanks = " \t\n";
constexpr unsigned most_cpus = 1 << 16; // a list that names more is no list of CPUs

std::string_view trim(std::string_view text) {
    const std::size_t first = text.find_first_not_of(blanks);
    if (first == text.npos)
        return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

// Takes the text up to `separator` off the front.
std::string_view take_until(std::string_view &text, char separator) {
    const std::size_t end = std::min(text.find(separator), text.size());
    const std::string_view front = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return front;
}

std::optional<std::uint64_t> number(std::string_view text, int base = 10) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (error != std::errc() || end != text.data() + text.size())
        return std::nullopt;
    return value;
}

std::string_view nth_word(std::string_view line, unsigned n) {
    for (;; --n) {
        line.remove_prefix(std::min(line.find_first_not_of(blanks), line.size()));
        const std::string_view word = line.substr(0, std::min(line.find_first_of(blanks), line.size()));
        if (n == 0 || word.empty())
            return word;
        line.remove_prefix(word.size());
    }
}

// One line "  base-last : name"; nesting is indentation.
void add_resource(PhysicalMap &map, std::string_view line) {
    std::string_view rest = trim(line);
    const auto base = number(trim(take_until(rest, '-')), 16);
    const auto last = number(trim(take_until(rest, ':')), 16);
    const std::string_view name = trim(rest);
    if (name.starts_with("IOAPIC "))
        ++map.ioapics;
    if (!base || !last || *last == 0 || *last < *base)
        return; // zeros stand for addresses that only root may see
    const bool ram = name == "System RAM";
    map.ranges.push_back({*base, *last + 1, ram});
    if (ram)
        map.highest_ram = std::max(map.highest_ram, *last + 1);
}

} // namespace

std::optional<std::vector<unsigned>> parse_cpu_list(std::string_view text) {
    std::vector<unsigned> cpus;
    for (text = trim(text); !text.empty();) {
        std::string_view range = take_until(text, ',');
        const bool single = range.find('-') == range.npos;
        const auto first = number(take_until(range, '-'));
        const auto last = single ? first : number(range);
        if (!first || !last || *last < *first || *last >= most_cpus)
            return std::nullopt;
        for (std::uint64_t cpu = *first; cpu <= *last; ++cpu)
            cpus.push_back(static_cast<unsigned>(cpu));
    }
    return cpus;
}

std::optional<unsigned> module_use_count(std::string_view proc_modules, std::string_view module) {
    while (!proc_modules.empty()) {
        const std::string_view line = take_until(proc_modules, '\n');
        if (nth_word(line, 0) != module)
            continue;
        const auto count = number(nth_word(line, 2));
        return count ? std::optional(static_cast<unsigned>(*count)) : std::nullopt;
    }
    return std::nullopt;
}

std::optional<KvmModule> loaded_kvm(std::string_view proc_modules) {
    for (const char *name : {"kvm_amd", "kvm_intel"})
        if (const auto users = module_use_count(proc_modules, name))
            return KvmModule{name, *users};
    return std::nullopt;
}

std::optional<std::uint64_t> meminfo_bytes(std::string_view meminfo, std::string_view name) {
    while (!meminfo.empty()) {
        std::string_view line = take_until(meminfo, '\n');
        if (take_until(line, ':') != name)
            continue;
        const auto kib = number(nth_word(line, 0));
        return kib ? std::optional(*kib * 1024) : std::nullopt;
    }
    return std::nullopt;
}

PhysicalMap parse_iomem(std::string_view iomem) {
    PhysicalMap map;
    while (!iomem.empty())
        add_resource(map, take_until(iomem, '\n'));
    return map;
}

bool has_word(std::string_view command_line, std::string_view word) {
    for (unsigned n = 0;; ++n) {
        const std::string_view one = nth_word(command_line, n);
        if (one.empty())
            return false;
        if (one == word)
            return true;
    }
}

std::string_view chosen_word(std::string_view text) {
    const std::size_t open = text.find('['), close = text.find(']');
    if (open == text.npos || close == text.npos || close < open)
        return {};
    return text.substr(open + 1, close - open - 1);
}

} // namespace console
