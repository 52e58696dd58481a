// SPDX-License-Identifier: GPL-2.0-only
// canary SEED MILLISECONDS: every register that is exchanged between worlds holds a pattern of this instance, through
// many turns of others on the same CPU. It fails with the name of the first that changed.
#include <algorithm>
#include <new>

#include "extended_pattern.hpp"
#include "print.hpp"
#include "program.hpp"
#include "smp.hpp"
#include "switched_registers.hpp"
#include "timer.hpp"
#include "turns.hpp"

namespace {

constexpr unsigned kMostRegisters = 32;

std::uint64_t seed, end;
std::atomic<std::uint64_t> switches{0}, rounds{0};
std::byte patterns[MOST_CPUS][sizeof(ExtendedPattern)] __attribute__((aligned(64)));

std::uint64_t pattern_of(const SwitchedRegister &reg, Random &random) {
    return (random.next() & reg.mask) | reg.fixed;
}

void check(const SwitchedRegister &reg, std::uint64_t expected) {
    const std::uint64_t found = reg.read();
    if (found != expected)
        fail(reg.name, "is", Hex{found}, "instead of", Hex{expected}, "cpu", cpu_number(), "switches", switches.load());
}

// XCR0 itself, and that what it switches off keeps its value.
void check_xcr0(ExtendedPattern &extended, Random &random) {
    const std::uint64_t all = ExtendedPattern::offered(),
                        variants[] = {1, 3, all & 7, all, all & ~std::uint64_t{0x200}};
    const std::uint64_t chosen = variants[random.below(std::size(variants))];
    x86::xsetbv0(chosen);
    switches += let_others_run();
    if (x86::xgetbv0() != chosen)
        fail("xcr0 is", Hex{x86::xgetbv0()}, "instead of", Hex{chosen}, "switches", switches.load());
    x86::xsetbv0(all);
    if (const char *name = extended.compare())
        fail(name, "changed under xcr0", Hex{chosen}, "cpu", cpu_number(), "switches", switches.load());
}

void one_round(Random &random, ExtendedPattern &extended, bool has_extended) {
    std::uint64_t expected[kMostRegisters];
    for (unsigned i = 0; i < switched_register_count; i++) {
        expected[i] = pattern_of(switched_registers[i], random);
        if (switched_registers[i].present())
            switched_registers[i].write(expected[i]);
    }
    if (has_extended) {
        extended.fill(random);
        extended.load();
        check_xcr0(extended, random);
    } else {
        switches += let_others_run();
    }
    for (unsigned i = 0; i < switched_register_count; i++)
        if (switched_registers[i].present())
            check(switched_registers[i], expected[i]);
}

void switch_on_extended() {
    constexpr std::uint64_t kOsxsave = 1 << 18;
    x86::write_cr4(x86::read_cr4() | kOsxsave);
    x86::xsetbv0(ExtendedPattern::offered());
    if (!ExtendedPattern::fits())
        fail("extended state takes", x86::cpuid(0xd).ebx);
}

void work(unsigned number) {
    const bool has_extended = ExtendedPattern::offered() != 0;
    if (has_extended)
        switch_on_extended();
    Random random(seed * 97 + number);
    auto &extended = *new (patterns[number]) ExtendedPattern;
    while (x86::rdtsc() < end) {
        one_round(random, extended, has_extended);
        rounds++;
    }
    x86::write_cr8(0);
}

void run(const Arguments &arguments) {
    seed = arguments.number(0, 1);
    end = x86::rdtsc() + tsc_per_millisecond() * arguments.number(1, 5000);
    start_cpus();
    print("xcr0", Hex{ExtendedPattern::offered()});
    run_on_all(work);
    print("rounds", rounds.load());
    print("switches", switches.load());
}

PROGRAM("canary", run);

} // namespace
