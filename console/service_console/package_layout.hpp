// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstdint>

// Where the small things of a package lie: one segment in low memory, which Linux reads once or has for itself anyway.
namespace console::package_layout {

inline constexpr std::uint64_t page = 4096;
inline constexpr std::uint64_t loader = 0x10000; // console/loader/loader.lds links it there
inline constexpr std::uint64_t descriptors = loader + page;
inline constexpr std::uint64_t stack_end = descriptors + page; // grows down in the descriptors' page
inline constexpr std::uint64_t zero_page = stack_end;
inline constexpr std::uint64_t command_line = zero_page + page;
inline constexpr std::uint64_t nodes = command_line + page; // of setup_data, which the loader writes
inline constexpr std::uint64_t low_end = nodes + page;
inline constexpr std::uint64_t map = low_end; // which the VMM writes
inline constexpr std::uint64_t map_bytes = 4 * page;
inline constexpr std::uint64_t end = map + map_bytes;

} // namespace console::package_layout
