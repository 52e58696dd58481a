// SPDX-License-Identifier: GPL-2.0-only
// apics SEED COUNT: any register of the local APIC and of the IO-APIC, with any value, interrupts open.
#include "apic.hpp"
#include "interrupts.hpp"
#include "print.hpp"
#include "program.hpp"
#include "random.hpp"
#include "smp.hpp"

namespace {

std::atomic<std::uint64_t> interrupts{0};

void take(Frame &) {
    interrupts++;
    apic::eoi();
}

std::uint32_t value(Random &random) {
    const auto any = static_cast<std::uint32_t>(random.next());
    return random.one_in(2) ? any : any & random.next();
}

// An INIT or start-up message to the processor itself would be the end of the program.
std::uint32_t command(Random &random) {
    const std::uint32_t wanted = value(random), mode = wanted >> 8 & 7;
    return mode >= 4 ? (wanted & ~0x700u) : wanted;
}

void touch(Random &random) {
    const auto offset = static_cast<std::uint32_t>(random.below(0x40)) * 0x10;
    switch (random.below(4)) {
    case 0:
        (void)attempt([&] { (void)apic::read(offset); });
        break;
    case 1:
        (void)attempt([&] { apic::write(offset, offset == apic::IcrLow ? command(random) : value(random)); });
        break;
    case 2:
        ioapic::write(static_cast<std::uint32_t>(random.below(0x60)), value(random) & ~0x700u);
        break;
    default:
        (void)ioapic::read(static_cast<std::uint32_t>(random.below(256)));
    }
}

void run(const Arguments &arguments) {
    Random random(arguments.number(0, 1));
    for (unsigned vector = 32; vector < 256; vector++)
        set_handler(vector, take);
    set_handler(kNmi, [](Frame &) { interrupts++; });
    if (random.one_in(2))
        apic::enter_x2apic();
    x86::sti();
    for (std::uint64_t i = 0; i < arguments.number(1, 20000); i++)
        touch(random);
    x86::cli();
    print("interrupts", interrupts.load());
}

PROGRAM("apics", run);

} // namespace
