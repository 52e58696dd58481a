// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstdint>
#include <span>
#include <string>

// Numbers as people read them. ASCII only: a serial console may know nothing else.
namespace console {

std::string grouped(std::uint64_t number);                     // 1234567 -> 1,234,567
std::string byte_size(std::uint64_t bytes);                    // 3.1 MiB
std::string rate(double per_second);                           // 0, 0.4, 12, 1,234
std::string duration(double seconds);                          // 12.3 us, 4.56 ms, 1.2 s, 3 min 4 s, 2 h 5 min, 3 d 4 h
std::string hex_bytes(std::span<const std::uint8_t> bytes);    // 0a1b...
double seconds_of(std::uint64_t ticks, std::uint64_t tsc_khz); // 0 when the frequency is not known

} // namespace console
