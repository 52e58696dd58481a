// SPDX-License-Identifier: GPL-2.0-only
// What is watched while the console dies. Each tells once a second how it went since, with a number that only grows:
// beat MILLISECONDS: the longest time between two beats of a clock. remember MIB: rounds of writing and checking
// memory. spin: rounds of nothing. plant MIB WORD: rounds of nothing, over memory that is full of a word.
#include <algorithm>

#include "apic.hpp"
#include "interrupts.hpp"
#include "print.hpp"
#include "program.hpp"
#include "timer.hpp"

namespace {

// Once a second it is time to tell.
class Seconds {
  public:
    bool over() {
        const std::uint64_t now = x86::rdtsc();
        if (now - begin_ < tsc_per_second())
            return false;
        begin_ = now;
        count_++;
        return true;
    }
    std::uint64_t count() const { return count_; }

  private:
    std::uint64_t begin_ = x86::rdtsc(), count_ = 0;
};

void beat(const Arguments &arguments) {
    const std::uint64_t period = tsc_per_millisecond() * arguments.number(0, 10);
    set_handler(kTimerVector, [](Frame &) { apic::eoi(); });
    apic::write(apic::LvtTimer, apic::Deadline | kTimerVector);
    Seconds seconds;
    std::uint64_t last = x86::rdtsc(), longest = 0;
    for (;;) {
        apic::arm_deadline(last + period);
        x86::sti_hlt();
        x86::cli();
        const std::uint64_t now = x86::rdtsc();
        longest = std::max(longest, now - last);
        last = now;
        if (!seconds.over())
            continue;
        print("second", seconds.count(), "gap", longest / (tsc_per_second() / 1000000), "us");
        longest = 0;
    }
}

constexpr std::uint64_t kBeyondKernel = 16 << 20;

// A word that tells of its place and its round.
std::uint64_t pattern(std::uint64_t place, std::uint64_t round) {
    return (place ^ round << 40) * 0x9e3779b97f4a7c15;
}

void remember(const Arguments &arguments) {
    auto *const words = reinterpret_cast<volatile std::uint64_t *>(kBeyondKernel);
    const std::uint64_t count = (arguments.number(0, 64) << 20) / sizeof *words;
    Seconds seconds;
    std::uint64_t rounds = 0, errors = 0;
    for (std::uint64_t i = 0; i < count; i++)
        words[i] = pattern(i, 0);
    for (;; rounds++)
        for (std::uint64_t i = 0; i < count; i++) {
            const std::uint64_t found = words[i];
            if (found != pattern(i, rounds) && errors++ == 0)
                print("first error at", Hex{kBeyondKernel + i * sizeof *words}, "is", Hex{found});
            words[i] = pattern(i, rounds + 1);
            if (i % 4096 == 0 && seconds.over())
                print("second", seconds.count(), "errors", errors, "rounds", rounds);
        }
}

void spin(const Arguments &) {
    Seconds seconds;
    for (std::uint64_t rounds = 0;; rounds++)
        if (seconds.over())
            print("second", seconds.count(), "spun", rounds);
}

void plant(const Arguments &arguments) {
    auto *const words = reinterpret_cast<volatile std::uint64_t *>(kBeyondKernel);
    const std::uint64_t count = (arguments.number(0, 16) << 20) / sizeof *words;
    for (std::uint64_t i = 0; i < count; i++)
        words[i] = arguments.number(1, 1);
    print("planted", count);
    spin(arguments);
}

PROGRAM("beat", beat);
PROGRAM("remember", remember);
PROGRAM("spin", spin);
PROGRAM("plant", plant);

} // namespace
