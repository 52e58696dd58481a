// SPDX-License-Identifier: GPL-2.0-only
// A pattern in every component of the extended state that XCR0 can have (SDM vol. 1, 13.4). Also for programs of an
// operating system.
#pragma once

#include "random.hpp"
#include "x86.hpp"

#include <cstddef>

class ExtendedPattern {
  public:
    static constexpr std::size_t kRoom = 4096;

    static std::uint64_t offered(); // bits that XCR0 may have; 0: no XSAVE
    static bool fits();

    // Of what XCR0 has now, and has again below.
    void fill(Random &random);
    void load();           // into the registers
    const char *compare(); // null, or the name of a component that differs

  private:
    void limit_to_what_may_be(Random &random);

    alignas(64) std::byte loaded_[kRoom];
    alignas(64) std::byte saved_[kRoom];
};
