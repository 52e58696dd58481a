// SPDX-License-Identifier: GPL-2.0-only
// A program is a function with a name. The command line is `NAME [NUMBER...]`.
#pragma once

#include <cstdint>
#include <string_view>

class Arguments {
  public:
    explicit Arguments(std::string_view line);
    std::string_view name() const { return name_; }
    // The n-th number, decimal; `otherwise` if there are not so many.
    std::uint64_t number(unsigned n, std::uint64_t otherwise) const { return n < count_ ? numbers_[n] : otherwise; }

  private:
    std::string_view name_;
    std::uint64_t numbers_[8] = {};
    unsigned count_ = 0;
};

struct Program {
    std::string_view name;
    void (*run)(const Arguments &);
};

// Programs are found by their addresses in a section of the image.
#define PROGRAM(name, function)                                                                                        \
    constexpr Program program_##function{name, function};                                                              \
    [[gnu::section(".programs"), gnu::used]] constinit const Program *const pointer_##function = &program_##function
