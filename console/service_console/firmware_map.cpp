// SPDX-License-Identifier: GPL-2.0-only
#include "console/service_console/firmware_map.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <string>

#include "console/base/failure.hpp"
#include "console/base/file.hpp"

namespace console {

namespace {

constexpr const char *folder = "/sys/firmware/memmap";
constexpr std::size_t most = 128; // E820_MAX_ENTRIES_ZEROPAGE

constexpr std::uint32_t reserved = 2;

std::string line_of(const std::filesystem::path &file) {
    std::string text = read_file(file).value_or("");
    text.erase(std::find(text.begin(), text.end(), '\n'), text.end());
    return text;
}

std::optional<std::uint64_t> hexadecimal(std::string_view text) {
    if (text.starts_with("0x"))
        text.remove_prefix(2);
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
    return error == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

std::optional<FirmwareRange> range_in(const std::filesystem::path &entry) {
    const auto first = hexadecimal(line_of(entry / "start"));
    const auto last = hexadecimal(line_of(entry / "end"));
    if (!first || !last || *last < *first)
        return std::nullopt;
    return FirmwareRange{*first, *last - *first + 1, e820_type(line_of(entry / "type"))};
}

} // namespace

std::uint32_t e820_type(std::string_view name) {
    struct Row {
        std::string_view name;
        std::uint32_t type;
    };
    // arch/x86/kernel/e820.c, e820_type_to_string
    constexpr Row rows[] = {{"System RAM", 1},
                            {"ACPI Tables", 3},
                            {"ACPI Non-volatile Storage", 4},
                            {"Unusable memory", 5},
                            {"Persistent Memory", 7},
                            {"Persistent Memory (legacy)", 12},
                            {"Soft Reserved", 0xefffffff}};
    const auto row = std::ranges::find(rows, name, &Row::name);
    return row == std::end(rows) ? reserved : row->type;
}

std::vector<FirmwareRange> read_firmware_map(const std::filesystem::path &root) {
    std::vector<FirmwareRange> map;
    std::error_code error;
    for (std::filesystem::directory_iterator it(root.string() + folder, error), end; !error && it != end;
         it.increment(error))
        if (const auto range = range_in(it->path()))
            map.push_back(*range);
    if (map.empty())
        throw Failure(ExitCode::Failure, fmt::format("there is no map of memory in {}", folder),
                      "a service console can be restarted only if its kernel has CONFIG_FIRMWARE_MEMMAP, as Debian's");
    if (map.size() > most)
        throw Failure(ExitCode::Failure,
                      fmt::format("the firmware's map of memory has {} entries; {} can be handed on", map.size(), most),
                      "on this machine a service console cannot be restarted");
    std::ranges::sort(map, {}, &FirmwareRange::base);
    return map;
}

} // namespace console
