// SPDX-License-Identifier: GPL-2.0-only
// Programs that do not end by themselves, or not well: the VM does, and nothing else.
#include "interrupts.hpp"
#include "print.hpp"
#include "program.hpp"
#include "smp.hpp"

namespace {

struct [[gnu::packed]] Pointer {
    std::uint16_t limit = 0;
    std::uint64_t base = 0;
};

void triple_fault(const Arguments &) {
    print("triple fault");
    const Pointer nothing;
    asm volatile("lidt %0; ud2" ::"m"(nothing));
}

void spin_closed(const Arguments &) {
    start_cpus();
    print("spinning");
    run_on_all([](unsigned) {
        x86::cli();
        for (;;)
            asm volatile("" ::: "memory");
    });
}

void halt_closed(const Arguments &) {
    print("halting");
    x86::cli();
    for (;;)
        x86::hlt();
}

// flood KILOBYTES
void flood(const Arguments &arguments) {
    const std::uint64_t bytes = arguments.number(0, 64) << 10;
    for (std::uint64_t i = 0; i < bytes; i++)
        x86::out8(0x3f8, static_cast<std::uint8_t>(i % 64 == 63 ? '\n' : '!' + i % 64));
}

void execute_nowhere(const Arguments &) {
    print("jumping");
    asm volatile("jmp *%0" ::"r"(0xf0000000ul));
}

// A CPU refuses it with #GP. Emulators do it, and then cannot be entered again.
void unprotect(const Arguments &) {
    print("exception", attempt([] { x86::write_cr0(x86::read_cr0() & ~1ul); }) & 0xff);
}

PROGRAM("triple", triple_fault);
PROGRAM("cr0", unprotect);
PROGRAM("cliloop", spin_closed);
PROGRAM("hltoff", halt_closed);
PROGRAM("flood", flood);
PROGRAM("nowhere", execute_nowhere);

} // namespace
