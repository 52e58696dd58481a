// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <array>
#include <cstdint>
#include <string>

// Values of options as people write them, and back. What reads one throws BadValue.
namespace console {

std::uint64_t parse_number(const std::string &text, const char *what, std::uint64_t least, std::uint64_t most);
std::uint64_t parse_memory(const std::string &text); // 128M, 1G; what a VM can have
std::string memory_text(std::uint64_t bytes);        // in the largest unit that is exact
double parse_duration(const std::string &text);      // 30, 30s, 2m, 1h: seconds
bool parse_yes_no(const std::string &text);

// Thousandths of one CPU as percent: 12.5% is 125, none is 0.
std::uint32_t parse_percent(const std::string &text);
std::string percent_text(std::uint32_t thousandths);

// CPUs as bits: 0-1,3; all is no bit.
using CpuSet = std::array<std::uint64_t, 4>;
CpuSet parse_cpus(const std::string &text);
std::string cpus_text(const CpuSet &cpus);
unsigned highest_cpu(const CpuSet &cpus); // 0 when it is empty

} // namespace console
