// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstdint>

// xorshift64*: the same sequence for the same seed, everywhere.
class Random {
  public:
    explicit Random(std::uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15 + 0x1234567) {}
    std::uint64_t next() {
        state_ ^= state_ >> 12;
        state_ ^= state_ << 25;
        state_ ^= state_ >> 27;
        return state_ * 0x2545f4914f6cdd1d;
    }
    std::uint64_t below(std::uint64_t end) { return (next() >> 16) % end; }
    bool one_in(std::uint64_t n) { return below(n) == 0; }

  private:
    std::uint64_t state_;
};
