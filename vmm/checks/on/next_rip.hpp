// SPDX-License-Identifier: GPL-2.0-only
// Next rIP: the address after the instruction, where the CPU saves it (APM vol. 2, 15.7.1). 0 where it does not: then
// the length is measured.
#pragma once

#include "vmm/base/assert.hpp"

#include <cstdint>

namespace vmm::checks {

template <class V> std::uint8_t length_by_next_rip(V v) {
    if (!v.state().has_next_rip)
        return 0;
    const std::uint64_t length = v.vmcb().control.next_rip - v.rip();
    VMM_ASSERT(length - 1 < 15);
    return static_cast<std::uint8_t>(length);
}

} // namespace vmm::checks
