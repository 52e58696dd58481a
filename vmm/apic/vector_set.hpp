// SPDX-License-Identifier: GPL-2.0-only
// VectorSet: 256 interrupt vectors as a set, cheap to ask for its highest member.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace vmm {

class VectorSet {
  public:
    static constexpr unsigned kWords = 4;

    constexpr bool test(std::uint8_t vector) const { return words_[vector / 64u] >> (vector % 64u) & 1; }
    constexpr void set(std::uint8_t vector) { words_[vector / 64u] |= 1ull << (vector % 64u); }
    constexpr void reset(std::uint8_t vector) { words_[vector / 64u] &= ~(1ull << (vector % 64u)); }
    constexpr void clear() { words_ = {}; }
    constexpr std::uint64_t word(unsigned n) const { return words_[n]; }
    constexpr void set_word(unsigned n, std::uint64_t bits) { words_[n] = bits; }

    // The n-th 32 vectors, as the registers show them.
    constexpr std::uint32_t slice(unsigned n) const {
        return static_cast<std::uint32_t>(words_[n / 2] >> (n % 2 * 32));
    }
    constexpr void set_slice(unsigned n, std::uint32_t bits) {
        const unsigned shift = n % 2 * 32;
        words_[n / 2] = (words_[n / 2] & ~(0xffffffffull << shift)) | std::uint64_t{bits} << shift;
    }

    // 0 when empty: vectors below 16 are never members, so 0 is free to mean none.
    constexpr std::uint8_t highest() const {
        if (words_[3] != 0) // written out: a loop costs twice as much
            return highest_of(3);
        if (words_[2] != 0)
            return highest_of(2);
        if (words_[1] != 0)
            return highest_of(1);
        return words_[0] != 0 ? highest_of(0) : 0;
    }

    constexpr bool operator==(const VectorSet &) const = default;

  private:
    constexpr std::uint8_t highest_of(unsigned n) const {
        return static_cast<std::uint8_t>(n * 64 + 63 - static_cast<unsigned>(std::countl_zero(words_[n])));
    }

    std::array<std::uint64_t, kWords> words_{};
};

} // namespace vmm
