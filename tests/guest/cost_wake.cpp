// SPDX-License-Identifier: GPL-2.0-only
// Two processors of the VM on one of the machine's: the first halts until its timer, the second never does. Each mark
// is the first thing that is executed after the change that it measures.
#include "cost.hpp"

#include "apic.hpp"
#include "interrupts.hpp"
#include "smp.hpp"
#include "timer.hpp"

namespace {

std::atomic<bool> over{false};

void spin(unsigned) {
    while (!over)
        MARK_SECTION(SECTION_VM_WAKE);
}

} // namespace

namespace cost {

void measure_wake() {
    constexpr std::uint64_t kAhead = 200000;
    start_cpus();
    set_handler(kTimerVector, [](Frame &) {
        MARK_SECTION(SECTION_NONE);
        apic::eoi();
    });
    apic::write(apic::LvtTimer, apic::Deadline | kTimerVector);
    give_work(1, spin);
    wait_microseconds(1000);
    for (unsigned i = 0; i < 200; i++) {
        apic::arm_deadline(x86::rdtsc() + kAhead);
        asm volatile("sti" ::: "memory");
        MARK_SECTION(SECTION_VM_HALT);
        x86::hlt();
        x86::cli();
    }
    over = true;
    print("wake", "done");
}

} // namespace cost
