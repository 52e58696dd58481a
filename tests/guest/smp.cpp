// SPDX-License-Identifier: GPL-2.0-only
#include "smp.hpp"

#include <algorithm>

#include "apic.hpp"
#include "interrupts.hpp"
#include "print.hpp"
#include "timer.hpp"

extern "C" const std::byte trampoline[], trampoline_end[], trampoline_stack[];

namespace {

std::atomic<unsigned> arrived{1};

void start_cpu(unsigned number) {
    auto *page = reinterpret_cast<std::byte *>(START_PAGE);
    std::copy(trampoline, trampoline_end, page);
    const auto stack = static_cast<std::uint32_t>(reinterpret_cast<std::uint64_t>(cpu_areas[number]) + CPU_AREA);
    __builtin_memcpy(page + (trampoline_stack - trampoline), &stack, sizeof(stack));
    apic::send(number, apic::ToInit | apic::Asserted | apic::Level);
    wait_microseconds(200);
    apic::send(number, apic::ToStartUp | START_PAGE >> 12);
    for (unsigned tries = 0; arrived != number + 1; tries++) {
        if (tries == 20000)
            fail("no life on cpu", number);
        wait_microseconds(100);
    }
}

} // namespace

unsigned cpu_count() {
    return std::clamp(x86::cpuid(1).ebx >> 16 & 0xff, 1u, unsigned{MOST_CPUS});
}

void start_cpus() {
    arrived = 1;
    for (unsigned number = 1; number < cpu_count(); number++)
        start_cpu(number);
}

void serve(unsigned number) {
    Cpu &cpu = cpu_at(number);
    set_up_cpu(cpu, number);
    if (apic::is_x2apic())
        apic::enter_x2apic();
    apic::enable();
    arrived = number + 1;
    for (;;) {
        if (auto *work = cpu.work.exchange(nullptr)) {
            work(number);
            cpu.busy = false;
        }
        x86::pause();
    }
}

void give_work(unsigned number, void (*work)(unsigned)) {
    cpu_at(number).busy = true;
    cpu_at(number).work = work;
}

bool is_busy(unsigned number) {
    return cpu_at(number).busy;
}

void run_on_all(void (*work)(unsigned)) {
    for (unsigned number = 1; number < cpu_count(); number++)
        give_work(number, work);
    work(0);
    for (unsigned number = 1; number < cpu_count(); number++)
        while (is_busy(number))
            x86::pause();
}
