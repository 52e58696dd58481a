// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstdint>
#include <vector>

#include "console/vm/start/vm_image.hpp"

namespace console {

struct RamRange {
    std::uint64_t base;
    std::uint64_t size;
};

// The RAM of a VM with so much memory that no part of the image covers, ascending.
std::vector<RamRange> uncovered_ram(const VmImage &image, std::uint64_t memory);

} // namespace console
