// SPDX-License-Identifier: GPL-2.0-only
// Runs one stream of operations, taken from bytes, on the model and on the reference, and compares all that shows.
// The property test feeds it random bytes, the fuzz target what it finds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace vmm::test {

// Empty: they agreed. Otherwise what differed first.
std::string compare_lapics(std::span<const std::uint8_t> bytes);

} // namespace vmm::test
