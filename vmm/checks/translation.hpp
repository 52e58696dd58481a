// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstdint>

namespace vmm::checks {

// What a guest's cached translations depend on besides its own tables.
struct Translation {
    std::uint64_t cr0 = 0, cr3 = 0, cr4 = 0, efer = 0, nested_root = 0;
    std::uint32_t asid = 0;
    bool operator==(const Translation &) const = default;
};

} // namespace vmm::checks
