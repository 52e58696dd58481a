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

// From the deadline to the handler: least, median, 99 of 100, most. The processor waits as `wait` does.
template <class Wait> void measure_lateness(const char *name, std::uint64_t ahead, Wait wait) {
    for (std::uint64_t &each : late) {
        const std::uint64_t deadline = x86::rdtsc() + ahead;
        taken_at = 0;
        apic::arm_deadline(deadline);
        while (taken_at == 0)
            wait();
        each = taken_at - deadline;
    }
    std::sort(std::begin(late), std::end(late));
    print(name, late[0], late[cost::kRounds / 2], late[cost::kRounds / 100 * 99], late[cost::kRounds - 1]);
}

void run(const Arguments &) {
    apic::enter_x2apic();
    cost::measure_timer();
}

PROGRAM("jitter", run);

} // namespace

namespace cost {

void measure_timer() {
    if (!has_deadline_timer())
        return print("deadline", "none");
    set_handler(kTimerVector, take);
    apic::write(apic::LvtTimer, apic::Deadline | kTimerVector);
    x86::sti();
    // One that has passed already: armed, taken, returned from.
    measure<SECTION_VM_DEADLINE>("deadline.now", [] {
        taken_at = 0;
        apic::arm_deadline(x86::rdtsc());
        while (taken_at == 0)
            asm volatile("nop");
    });
    measure_lateness("deadline.late.spinning", 20000, [] {});
    measure_lateness("deadline.late.halted", 20000, [] {
        x86::cli();
        if (taken_at == 0)
            x86::sti_hlt();
        x86::sti();
    });
    x86::cli();
    apic::write(apic::LvtTimer, apic::Masked);
}

} // namespace cost
