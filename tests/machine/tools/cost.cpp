// SPDX-License-Identifier: GPL-2.0-only
// Instructions that an operation takes as its program sees it: meaningful where the TSC counts instructions.
#include "tests/machine/tools/probe.hpp"

#include <algorithm>
#include <cpuid.h>
#include <cstring>
#include <sys/io.h>
#include <x86intrin.h>

namespace probe {
namespace {

constexpr unsigned kRounds = 2000;

// The median over many rounds: the odd one contains a timer interrupt.
template <class Operation> std::uint64_t median_cost(Operation operation) {
    static std::uint64_t costs[kRounds];
    for (std::uint64_t &cost : costs) {
        const std::uint64_t before = __rdtsc();
        operation();
        cost = __rdtsc() - before;
    }
    std::nth_element(costs, costs + kRounds / 2, costs + kRounds);
    return costs[kRounds / 2];
}

int cost(Arguments arguments) {
    const std::string_view what = arguments.empty() ? "" : arguments[0];
    const std::uint64_t nothing = median_cost([] {});
    std::uint64_t with = 0;
    if (what == "cpuid") {
        with = median_cost([] {
            std::uint32_t a = 0, b = 0, c = 0, d = 0;
            __cpuid(0, a, b, c, d);
        });
    } else if (what == "port") {
        if (iopl(3) != 0)
            return kLacking;
        const auto port = static_cast<unsigned short>(number(arguments, 1, 0x80));
        with = median_cost([=] { outb(0, port); });
    } else {
        return kWrongCall;
    }
    std::printf("%lu\n", with - nothing);
    return kAsExpected;
}

constexpr Command kCommands[] = {
    {"cost", "cpuid | port [NUMBER]: instructions that it takes", cost},
};

} // namespace

std::span<const Command> cost_commands() {
    return kCommands;
}

} // namespace probe
