// SPDX-License-Identifier: GPL-2.0-only
// A pattern in every component of the extended state that XCR0 can have (SDM vol. 1, 13.4).
#pragma once

#include "random.hpp"
#include "x86.hpp"

#include <cstddef>

class ExtendedPattern {
  public:
    static constexpr std::size_t kRoom = 4096;

    static std::uint64_t offered(); // bits that XCR0 may have; 0: no XSAVE
    static void switch_on();        // CR4.OSXSAVE and all of them

    void fill(Random &random);
    void load() const; // into the registers
    // Null, or the name of a component that differs. XCR0 has all bits.
    const char *compare();

  private:
    alignas(64) std::byte loaded_[kRoom];
    alignas(64) std::byte saved_[kRoom];
};
