// SPDX-License-Identifier: GPL-2.0-only
// storms MILLISECONDS: every timer at its shortest period, and IPIs among all processors, at once. The program still
// gets on.
#include "apic.hpp"
#include "interrupts.hpp"
#include "print.hpp"
#include "program.hpp"
#include "smp.hpp"
#include "timer.hpp"

namespace {

constexpr unsigned kPit = 0, kRtc = 8;
std::atomic<std::uint64_t> pit_ticks{0}, rtc_ticks{0}, apic_ticks{0}, ipis{0}, steps{0};
std::uint64_t end;

std::uint8_t read_rtc(std::uint8_t reg) {
    x86::out8(0x70, reg);
    return x86::in8(0x71);
}

void write_rtc(std::uint8_t reg, std::uint8_t value) {
    x86::out8(0x70, reg);
    x86::out8(0x71, value);
}

void set_handlers() {
    set_handler(kDeviceVector + kPit, [](Frame &) {
        pit_ticks++;
        apic::eoi();
    });
    set_handler(kDeviceVector + kRtc, [](Frame &) {
        rtc_ticks++;
        read_rtc(0xc);
        apic::eoi();
    });
    set_handler(kTimerVector, [](Frame &) {
        apic_ticks++;
        apic::eoi();
    });
    set_handler(kIpiVector, [](Frame &) {
        ipis++;
        apic::eoi();
    });
}

void start_devices() {
    constexpr std::uint8_t kPeriodicInterrupt = 0x40;
    ioapic::route(2, kDeviceVector + kPit);
    ioapic::route(kRtc, kDeviceVector + kRtc);
    x86::out8(0x43, 0x34);
    x86::out8(0x40, 2);
    x86::out8(0x40, 0);
    write_rtc(0xa, 0x23); // 8192 Hz
    write_rtc(0xb, static_cast<std::uint8_t>(read_rtc(0xb) | kPeriodicInterrupt));
    read_rtc(0xc);
}

void work(unsigned number) {
    apic::write(apic::Divide, apic::DivideBy1);
    apic::write(apic::LvtTimer, apic::Periodic | kTimerVector);
    apic::write(apic::InitialCount, 1);
    x86::sti();
    for (unsigned i = number; x86::rdtsc() < end; i++) {
        apic::send(i % cpu_count(), kIpiVector);
        steps++;
    }
    x86::cli();
    apic::write(apic::LvtTimer, apic::Masked);
}

void run(const Arguments &arguments) {
    start_cpus();
    set_handlers();
    end = x86::rdtsc() + tsc_per_millisecond() * arguments.number(0, 2000);
    start_devices();
    run_on_all(work);
    ioapic::mask_all();
    print("interval timer", pit_ticks.load());
    print("clock", rtc_ticks.load());
    print("local timer", apic_ticks.load());
    print("ipis", ipis.load());
    print("steps", steps.load());
}

PROGRAM("storms", run);

// nmis COUNT: each is taken before the next instruction but one.
void run_nmis(const Arguments &arguments) {
    static std::atomic<std::uint64_t> taken{0};
    set_handler(kNmi, [](Frame &) { taken++; });
    const std::uint64_t count = arguments.number(0, 10000);
    for (std::uint64_t i = 1; i <= count; i++) {
        apic::send(0, apic::ToNmi | apic::Asserted);
        for (unsigned tries = 0; taken < i; tries++)
            if (tries == 100000000)
                fail("nmi", i, "did not come");
    }
    print("taken", taken.load());
}

PROGRAM("nmis", run_nmis);

} // namespace
