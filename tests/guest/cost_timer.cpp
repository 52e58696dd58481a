// SPDX-License-Identifier: GPL-2.0-only
#include "cost.hpp"

#include <algorithm>

#include "apic.hpp"
#include "interrupts.hpp"
#include "program.hpp"
#include "timer.hpp"

namespace {

volatile std::uint64_t taken_at;
std::uint64_t late[cost::kRounds];

void take(Frame &) {
    taken_at = x86::rdtsc();
    apic::eoi();
}

// What the VMM tells of the time that this processor wanted to run and others did, as KVM does; in ns, at the
// beginning.
alignas(64) volatile std::uint64_t steal_time[8];

std::uint64_t stolen_ticks() {
    return steal_time[0] * (tsc_per_second() / 1000000) / 1000;
}

// From the deadline to the handler: least, median, 99 of 100, most. The processor waits as `wait` does. Rounds in which
// it was another world's turn count apart: how many, and the most that is left without the time of that turn. Who was
// woken waits a little, too, for the CPU that takes the interrupt.
template <class Wait> void measure_lateness(const char *name, const char *of_others, std::uint64_t ahead, Wait wait) {
    constexpr std::uint64_t kTurn = 5000; // no turn is shorter
    std::uint64_t others = 0, most_left = 0;
    unsigned count = 0;
    while (count < cost::kRounds) {
        const std::uint64_t deadline = x86::rdtsc() + ahead, before = stolen_ticks();
        taken_at = 0;
        apic::arm_deadline(deadline);
        while (taken_at == 0)
            wait();
        const std::uint64_t lateness = taken_at - deadline, stolen = stolen_ticks() - before;
        if (stolen < kTurn) {
            late[count++] = lateness;
        } else {
            others++;
            most_left = std::max(most_left, lateness - std::min(lateness, stolen));
        }
    }
    std::sort(std::begin(late), std::end(late));
    cost::keep(name, late[0], late[cost::kRounds / 2], late[cost::kRounds / 100 * 99], late[cost::kRounds - 1]);
    cost::keep(of_others, others, most_left);
}

// One that has passed already: armed, taken, returned from; the median, as some rounds meet another world's turn.
void measure_at_once() {
    MARK_SECTION(SECTION_VM_DEADLINE);
    for (std::uint64_t &each : late) {
        const std::uint64_t begin = x86::rdtsc();
        taken_at = 0;
        apic::arm_deadline(begin);
        while (taken_at == 0)
            asm volatile("nop");
        each = x86::rdtsc() - begin;
    }
    MARK_SECTION(SECTION_NONE);
    std::sort(std::begin(late), std::end(late));
    cost::keep("deadline.now", late[cost::kRounds / 2]);
}

void run(const Arguments &) {
    apic::enter_x2apic();
    cost::measure_timer();
    cost::print_kept();
}

PROGRAM("jitter", run);

} // namespace

namespace cost {

void measure_timer() {
    if (!has_deadline_timer())
        return print("deadline", "none");
    x86::wrmsr(0x4b564d03, reinterpret_cast<std::uint64_t>(steal_time) | 1);
    set_handler(kTimerVector, take);
    apic::write(apic::LvtTimer, apic::Deadline | kTimerVector);
    x86::sti();
    tsc_per_second(); // takes its time, once
    measure_at_once();
    measure_lateness("deadline.late.spinning", "deadline.others.spinning", 20000, [] {});
    measure_lateness("deadline.late.halted", "deadline.others.halted", 20000, [] {
        x86::cli();
        if (taken_at == 0)
            x86::sti_hlt();
        x86::sti();
    });
    x86::cli();
    apic::write(apic::LvtTimer, apic::Masked);
}

} // namespace cost
