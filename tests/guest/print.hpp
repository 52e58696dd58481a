// SPDX-License-Identifier: GPL-2.0-only
// Lines for the serial port, each written in one piece whatever other processors write.
#pragma once

#include <concepts>
#include <cstdint>
#include <string_view>

struct Hex {
    std::uint64_t value;
};

class Line {
  public:
    Line() = default;
    Line(const Line &) = delete;
    Line &operator=(const Line &) = delete;
    ~Line();

    void add(std::string_view text);
    void add(Hex number);
    void add(std::integral auto number) { add_decimal(static_cast<std::uint64_t>(number)); }

  private:
    void add_decimal(std::uint64_t number);

    char text_[120];
    unsigned size_ = 0;
};

// print("key", 1, Hex{2}): what it is given, with blanks between.
template <class First, class... Rest> void print(const First &first, const Rest &...rest) {
    Line line;
    line.add(first);
    ((line.add(" "), line.add(rest)), ...);
}

// Writes `failed: ...` and switches the machine off.
[[noreturn]] void fail_now();
template <class First, class... Rest> [[noreturn]] void fail(const First &first, const Rest &...rest) {
    {
        Line line;
        line.add("failed: ");
        line.add(first);
        ((line.add(" "), line.add(rest)), ...);
    }
    fail_now();
}
