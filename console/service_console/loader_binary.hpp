// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstddef>
#include <span>

namespace console {

// console/loader/, as one page at most of flat 32-bit code.
std::span<const std::byte> loader_binary();

} // namespace console
