// SPDX-License-Identifier: GPL-2.0-only
// Who is disturbed notices: by a clock that jumps, or by sums that come out wrong.
#include "tests/machine/tools/probe.hpp"

#include <algorithm>
#include <ctime>
#include <numeric>
#include <sys/wait.h>
#include <unistd.h>

namespace probe {
namespace {

double milliseconds() {
    timespec time{};
    clock_gettime(CLOCK_MONOTONIC, &time);
    return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

// Through integer and vector registers, and through memory.
struct Sums {
    std::uint64_t whole = 0;
    double real = 0;
    bool operator==(const Sums &) const = default;
};

Sums sums_of(std::span<const std::uint64_t> words) {
    Sums sums;
    for (const std::uint64_t word : words) {
        sums.whole = sums.whole * 0x9e3779b97f4a7c15 + word;
        sums.real += static_cast<double>(word) * 1.0000001;
    }
    return sums;
}

// A beat is a nap of 2 ms and a sum.
int watch(unsigned cpu, const char *end) {
    std::vector<std::uint64_t> words(4096);
    std::iota(words.begin(), words.end(), 0x123456789abcdef * (cpu + 1));
    const Sums expected = sums_of(words);
    double longest = 0;
    unsigned beats = 0, wrong = 0;
    for (double last = milliseconds(); access(end, F_OK) != 0; ++beats) {
        const timespec nap{0, 2'000'000};
        nanosleep(&nap, nullptr);
        wrong += !(sums_of(words) == expected);
        const double now = milliseconds();
        longest = std::max(longest, now - last);
        last = now;
    }
    std::printf("{\"cpu\":%u,\"beats\":%u,\"longest_ms\":%.0f,\"wrong\":%u}\n", cpu, beats, longest, wrong);
    return kAsExpected;
}

// witness FILE: until there is that file, on each CPU.
int witness(Arguments arguments) {
    if (arguments.size() != 1)
        return kWrongCall;
    for (unsigned cpu : online_cpus())
        if (fork() == 0)
            _exit(run_on(cpu) ? watch(cpu, arguments[0]) : kLacking);
    int result = kAsExpected, status = 0;
    while (wait(&status) > 0)
        result = std::max(result, WIFEXITED(status) ? WEXITSTATUS(status) : kNotAsExpected);
    return result;
}

constexpr Command kCommands[] = {
    {"witness", "FILE: tells the longest gap in its time, and wrong sums, once there is the file", witness},
};

} // namespace

std::span<const Command> witness_commands() {
    return kCommands;
}

} // namespace probe
