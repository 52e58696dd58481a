// SPDX-License-Identifier: GPL-2.0-only
// Compares our decoder with Zydis on the same bytes. Shared by the unit tests and the fuzz target.
#pragma once

#include "vmm/decode/instruction.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <string>

namespace vmm::test {

inline constexpr std::array kCodeSizes{CodeSize::Bits16, CodeSize::Bits32, CodeSize::Bits64};

// Empty if both say the same of the instruction at the start of `bytes`, otherwise the difference in words.
//
// Both refuse, or both accept with equal length, operation, operands, prefixes and direction; and every shorter piece
// of what both accept is Truncated. Known differences are those of `known_difference` in the source file, no others.
std::string disagreement(std::span<const std::uint8_t> bytes, CodeSize code);

// "89 b7 ..", as in the corpus.
std::string to_hex(std::span<const std::uint8_t> bytes);

} // namespace vmm::test
