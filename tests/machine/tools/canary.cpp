// SPDX-License-Identifier: GPL-2.0-only
// What a program of the console holds in registers while others have its CPU; see tests/guest/canary.cpp.
#include "tests/guest/extended_pattern.hpp"
#include "tests/guest/turns.hpp"
#include "tests/machine/tools/probe.hpp"

#include <ctime>
#include <fcntl.h>
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace probe {
namespace {

constexpr std::uint32_t kMsrs[] = {0xc0000081, 0xc0000082, 0xc0000083, 0xc0000084, // STAR, LSTAR, CSTAR, SFMASK
                                   0x174,      0x175,      0x176,      0x277};     // SYSENTER_*, PAT

// Counts writes to a word, by one of the four debug address registers.
class Breakpoint {
  public:
    Breakpoint() {
        perf_event_attr attribute{};
        attribute.size = sizeof attribute;
        attribute.type = PERF_TYPE_BREAKPOINT;
        attribute.bp_type = HW_BREAKPOINT_W;
        attribute.bp_addr = reinterpret_cast<std::uintptr_t>(&word_);
        attribute.bp_len = HW_BREAKPOINT_LEN_8;
        attribute.exclude_kernel = 1;
        descriptor_ = static_cast<int>(syscall(SYS_perf_event_open, &attribute, 0, -1, -1, 0));
    }
    bool works() const { return descriptor_ >= 0; }
    void write() { word_ = ++written_; }
    bool counted_all() const {
        std::uint64_t counted = 0;
        return read(descriptor_, &counted, sizeof counted) == sizeof counted && counted == written_;
    }

  private:
    alignas(8) volatile std::uint64_t word_ = 0;
    std::uint64_t written_ = 0;
    int descriptor_;
};

const char *extended_that_changed(ExtendedPattern &pattern, Random &random, std::uint64_t &turns) {
    pattern.fill(random);
    pattern.load();
    turns += let_others_run();
    const char *changed = pattern.compare();
    const std::uint32_t mxcsr = 0x1f80, open = 0;
    asm volatile("fninit; ldmxcsr %0" ::"m"(mxcsr)); // as programs expect them
    if (x86::xgetbv0() >> 9 & 1)
        asm volatile("wrpkru" ::"a"(open), "c"(0), "d"(0));
    return changed;
}

std::uint32_t tsc_aux() {
    std::uint32_t aux;
    asm volatile("rdtscp" : "=c"(aux)::"rax", "rdx");
    return aux;
}

struct Msrs {
    std::uint64_t values[std::size(kMsrs)] = {};
    bool read(unsigned cpu) {
        for (std::size_t i = 0; i < std::size(kMsrs); ++i)
            if (!read_msr(cpu, kMsrs[i], values[i]))
                return false;
        return true;
    }
    bool operator==(const Msrs &) const = default;
};

// canary SECONDS CPU SEED: fails with the name of the first that changed.
int canary(Arguments arguments) {
    const auto cpu = static_cast<unsigned>(number(arguments, 1, 0));
    Random random(number(arguments, 2, 1));
    alignas(64) static ExtendedPattern pattern;
    static Breakpoint breakpoints[4];
    Msrs before, now;
    if (!run_on(cpu) || !ExtendedPattern::fits() || !before.read(cpu))
        return kLacking;
    std::uint64_t turns = 0, rounds = 0;
    const std::uint32_t aux = tsc_aux();
    const time_t end = time(nullptr) + static_cast<time_t>(number(arguments, 0, 5));
    const char *changed = nullptr;
    for (; !changed && time(nullptr) < end; ++rounds) {
        changed = extended_that_changed(pattern, random, turns);
        for (Breakpoint &breakpoint : breakpoints) {
            breakpoint.write();
            if (!breakpoint.works() || !breakpoint.counted_all())
                changed = "debug registers";
        }
        if (tsc_aux() != aux)
            changed = "TSC_AUX";
        if (!now.read(cpu) || !(now == before))
            changed = "MSRs";
    }
    std::printf("xcr0 %#lx rounds %lu switches %lu: %s\n", x86::xgetbv0(), rounds, turns, changed ? changed : "kept");
    return changed ? kNotAsExpected : kAsExpected;
}

constexpr Command kCommands[] = {
    {"canary", "SECONDS CPU SEED: registers keep what they hold while others have the CPU", canary},
};

} // namespace

std::span<const Command> canary_commands() {
    return kCommands;
}

} // namespace probe
