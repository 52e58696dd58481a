// SPDX-License-Identifier: GPL-2.0-only
// Every step of the hand-over goes wrong on every CPU: the launch fails cleanly, Linux is unharmed, the next one works.
#include "tests/machine/suites/console.hpp"

#include "vmnix/abi/handover/handover.h"

#include <cerrno>
#include <fmt/format.h>

using namespace suites;

namespace {

constexpr unsigned kCpus = 2;
constexpr unsigned kShortMs = 200, kLongMs = 10000; // the long one, where nobody is to miss it

struct Mode {
    const char *name;
    vmnix_fault_mode mode;
};

std::string parameters(const Mode &mode, unsigned step, unsigned cpu) {
    return fmt::format("fault_step={} fault_cpu={} fault_mode={} timeout_ms={}", step, cpu,
                       static_cast<unsigned>(mode.mode), mode.mode == VMNIX_FAULT_NMI ? kLongMs : kShortMs);
}

void expect_clean_refusal(Console &console, const Mode &mode, unsigned step, unsigned cpu) {
    const int error = console.insmod(parameters(mode, step, cpu));
    EXPECT_EQ(error, mode.mode == VMNIX_FAULT_FAIL ? ECANCELED : ETIMEDOUT);
    expect_said(console, {fmt::format("CPU index {}", cpu), fmt::format("step {}", step), "nothing has changed"});
    EXPECT_FALSE(console.run("grep -q vmkmod /proc/modules").ok());
}

// The NMI is Linux's: it gets it once the CPU is its own or a guest, and the launch is none the worse for it.
void expect_nmi_delivered(Console &console, const Mode &mode, unsigned step, unsigned cpu) {
    const std::uint64_t before = console.nmi_count(cpu);
    console.launch(parameters(mode, step, cpu));
    EXPECT_EQ(console.nmi_count(cpu), before + 1);
    expect_under(console);
    console.leave();
    expect_clean_log(console, {"NMI received for unknown reason"});
}

} // namespace

class Faults : public testing::TestWithParam<Mode> {};

TEST_P(Faults, AtEachStepOnEachCpu) {
    Console console({.cpus = kCpus});
    for (unsigned step = VMNIX_STEP_NONE + 1; step < VMNIX_STEP_COUNT; ++step) {
        for (unsigned cpu = 0; cpu < kCpus; ++cpu) {
            SCOPED_TRACE(fmt::format("step {} on CPU {}", step, cpu));
            if (GetParam().mode == VMNIX_FAULT_NMI) {
                expect_nmi_delivered(console, GetParam(), step, cpu);
            } else {
                expect_clean_refusal(console, GetParam(), step, cpu);
                expect_bare(console);
                expect_works(console);
                expect_clean_log(console);
                console.launch();
                expect_under(console);
                console.leave();
                expect_clean_log(console);
            }
            expect_bare(console);
            if (HasFailure())
                return;
        }
    }
    expect_works(console);
}

INSTANTIATE_TEST_SUITE_P(Modes, Faults,
                         testing::Values(Mode{"Fail", VMNIX_FAULT_FAIL}, Mode{"Wedge", VMNIX_FAULT_WEDGE},
                                         Mode{"Nmi", VMNIX_FAULT_NMI}),
                         [](const auto &info) { return std::string(info.param.name); });
