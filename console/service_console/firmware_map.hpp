// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

namespace console {

// Of the firmware's map of memory, as a zero page takes it.
struct FirmwareRange {
    std::uint64_t base;
    std::uint64_t size;
    std::uint32_t type; // as in the BIOS function E820

    std::uint64_t end() const { return base + size; }
    bool ram() const { return type == 1; }
};

std::uint32_t e820_type(std::string_view name); // Linux's names; what it does not know is reserved

// The map that this kernel was given, ascending. Failure, if there is none, or more than a zero page has room for.
std::vector<FirmwareRange> read_firmware_map(const std::filesystem::path &root);

} // namespace console
