// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstdint>

// Any physical address, seen through pages beyond those that map 4 GiB one to one. Uncached.
volatile std::uint8_t *window(std::uint64_t physical);

// Bits of a physical address.
unsigned physical_bits();
