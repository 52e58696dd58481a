// SPDX-License-Identifier: GPL-2.0-only
// Lines of text without a heap: strings, decimal and hexadecimal numbers into a fixed buffer.
#pragma once

#include <concepts>
#include <cstdint>
#include <string_view>

namespace vmm {

struct Hex {
    std::uint64_t value;
};

// Two digits, as in build ids.
struct HexByte {
    std::uint8_t value;
};

class Text {
  public:
    static constexpr unsigned kMost = 200;

    template <class... Parts> explicit constexpr Text(Parts... parts) { (add(parts), ...); }

    constexpr std::string_view view() const { return {buffer_, size_}; }

    constexpr void add(std::string_view part) {
        for (char c : part)
            put(c);
    }
    constexpr void add(const char *part) { add(std::string_view(part)); }
    constexpr void add(std::unsigned_integral auto value) { number(value, 10); }
    constexpr void add(Hex hex) {
        add("0x");
        number(hex.value, 16);
    }

    constexpr void add(HexByte byte) {
        put("0123456789abcdef"[byte.value >> 4]);
        put("0123456789abcdef"[byte.value & 15]);
    }

  private:
    constexpr void put(char c) {
        if (size_ < kMost)
            buffer_[size_++] = c;
    }
    constexpr void number(std::uint64_t value, unsigned base) {
        char digits[20];
        unsigned n = 0;
        do
            digits[n++] = "0123456789abcdef"[value % base];
        while ((value /= base) != 0);
        while (n != 0)
            put(digits[--n]);
    }

    char buffer_[kMost] = {};
    unsigned size_ = 0;
};

} // namespace vmm
