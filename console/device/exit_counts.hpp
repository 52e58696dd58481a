// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <array>
#include <cstdint>
#include <iterator>

#include "vmnix/abi/hypercall/hypercall.h"

namespace console {

using ExitCounts = std::array<std::uint64_t, VMNIX_EXIT_KINDS>;

// Kinds that a newer VMM counts and this build cannot name are added to "other", so that sums stay true.
template <class Stats> constexpr ExitCounts exit_counts(const Stats &stats) {
    ExitCounts counts{};
    for (std::size_t kind = 0; kind < std::size(stats.exits); ++kind)
        counts[kind < counts.size() ? kind : std::size_t{VMNIX_EXIT_OTHER}] += stats.exits[kind];
    return counts;
}

} // namespace console
