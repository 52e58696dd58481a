// SPDX-License-Identifier: GPL-2.0-only
// restarts SEED COUNT: INIT and start-up messages to the other processors at any time, to begin anywhere; afterwards
// they still start as they should.
#include <algorithm>

#include "apic.hpp"
#include "interrupts.hpp"
#include "print.hpp"
#include "program.hpp"
#include "random.hpp"
#include "smp.hpp"
#include "timer.hpp"

namespace {

constexpr std::uint32_t kInit = apic::ToInit | apic::Asserted | apic::Level;

constexpr std::uint8_t kHaltForEver[] = {0xf4, 0xeb, 0xfd}; // so that it does not run on into the kernel

// What interrupts the random bytes, in real mode, goes to the halt behind them. Without this it would run zeros from
// address 0 on, and where that ends nobody knows.
void fill_real_mode_vectors() {
    constexpr std::uint32_t kHalt = 0x0900u << 16 | 0x0010; // segment and offset
    std::uint32_t *vectors = nullptr;
    asm("" : "+r"(vectors)); // address 0 is memory here
    std::fill_n(vectors, 256, kHalt);
}

void harm(unsigned number, Random &random) {
    constexpr std::uint32_t kGarbage = 0x9; // a page of random bytes, as real mode's code
    switch (random.below(5)) {
    case 0:
        return apic::send(number, kInit);
    case 1:
        return apic::send(number, apic::ToStartUp | START_PAGE >> 12);
    case 2:
        return apic::send(number, apic::ToStartUp | kGarbage);
    case 3:
        return apic::send(number, apic::ToNmi | apic::Asserted);
    default:
        wait_microseconds(static_cast<unsigned>(random.below(300)));
    }
}

void run(const Arguments &arguments) {
    Random random(arguments.number(0, 1));
    if (cpu_count() < 2)
        fail("needs two processors");
    start_cpus();
    set_handler(kNmi, [](Frame &) {});
    fill_real_mode_vectors();
    auto *page = reinterpret_cast<std::uint8_t *>(0x9000);
    for (std::uint64_t i = 0; i < arguments.number(1, 1000); i++) {
        std::generate_n(page, 16, [&] { return static_cast<std::uint8_t>(random.next()); });
        std::copy(std::begin(kHaltForEver), std::end(kHaltForEver), page + 16);
        harm(1 + static_cast<unsigned>(random.below(cpu_count() - 1)), random);
    }
    for (unsigned number = 1; number < cpu_count(); number++)
        apic::send(number, kInit);
    wait_microseconds(1000);
    start_cpus();
    run_on_all([](unsigned number) { print("alive", number); });
}

PROGRAM("restarts", run);

} // namespace
