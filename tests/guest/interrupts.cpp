// SPDX-License-Identifier: GPL-2.0-only
#include "interrupts.hpp"

#include <new>

#include "print.hpp"

extern "C" const std::uint8_t interrupt_stubs[256][16];
extern "C" const std::uint8_t attempt_failed[];

namespace {

struct Gate {
    std::uint16_t offset0, selector;
    std::uint8_t stack, type;
    std::uint16_t offset1;
    std::uint32_t offset2, reserved;
};
static_assert(sizeof(Gate) == 16);

struct [[gnu::packed]] Pointer {
    std::uint16_t limit;
    const void *base;
};

constexpr std::uint8_t kInterruptStack = 1, kFaultStack = 2, kNmiStack = 3, kInterruptGate = 0x8e;

Gate idt[256];
Handler handlers[256];

std::uint8_t stack_of(unsigned vector) {
    return vector == kNmi ? kNmiStack : vector < 32 ? kFaultStack : kInterruptStack;
}

void fill_idt() {
    for (unsigned vector = 0; vector < 256; vector++) {
        const auto stub = reinterpret_cast<std::uint64_t>(interrupt_stubs[vector]);
        idt[vector] = {.offset0 = static_cast<std::uint16_t>(stub),
                       .selector = CODE64,
                       .stack = stack_of(vector),
                       .type = kInterruptGate,
                       .offset1 = static_cast<std::uint16_t>(stub >> 16),
                       .offset2 = static_cast<std::uint32_t>(stub >> 32),
                       .reserved = 0};
    }
}

void fill_gdt(Cpu &cpu) {
    const auto task = reinterpret_cast<std::uint64_t>(&cpu.task);
    cpu.gdt[CODE32 / 8] = 0x00cf9a000000ffff;
    cpu.gdt[CODE64 / 8] = 0x00af9a000000ffff;
    cpu.gdt[DATA64 / 8] = 0x00cf92000000ffff;
    cpu.gdt[USER_DATA / 8] = 0x00cff2000000ffff;
    cpu.gdt[USER_CODE / 8] = 0x00affa000000ffff;
    cpu.gdt[TASK / 8] = 0x0000890000000067 | (task & 0xffffff) << 16 | (task >> 24 & 0xff) << 56;
    cpu.gdt[TASK / 8 + 1] = task >> 32;
}

} // namespace

void set_up_cpu(Cpu &at, unsigned number) {
    Cpu &cpu = *new (&at) Cpu;
    cpu.number = number;
    const auto area = reinterpret_cast<std::uint64_t>(&cpu);
    cpu.task.rsp[0] = cpu.task.ist[kInterruptStack - 1] = area + INTERRUPT_STACK;
    cpu.task.ist[kFaultStack - 1] = area + FAULT_STACK;
    cpu.task.ist[kNmiStack - 1] = area + NMI_STACK;
    cpu.task.io_map = sizeof(TaskState);
    fill_gdt(cpu);
    if (number == 0)
        fill_idt();
    restore_tables();
}

void restore_tables() {
    Cpu &cpu = this_cpu();
    cpu.gdt[TASK / 8] &= ~(2ull << 40); // not busy: LTR takes no other
    const Pointer gdt_pointer{sizeof(cpu.gdt) - 1, cpu.gdt}, idt_pointer{sizeof(idt) - 1, idt};
    asm volatile("lgdt %0; lidt %1; ltr %w2" ::"m"(gdt_pointer), "m"(idt_pointer), "r"(TASK) : "memory");
}

void set_handler(unsigned vector, Handler handler) {
    handlers[vector] = handler;
}

void give_up(Frame &frame, std::uint64_t why) {
    Cpu &cpu = this_cpu();
    cpu.fault_code = frame.error;
    cpu.fault_address = x86::read_cr2();
    cpu.fault_rip = frame.rip;
    frame.rax = why;
    frame.rip = reinterpret_cast<std::uint64_t>(attempt_failed);
    frame.rsp = cpu.recovery;
    frame.cs = CODE64;
    frame.ss = DATA64;
    frame.rflags = 2;
}

extern "C" void handle_interrupt(Frame &frame) {
    if (handlers[frame.vector])
        return handlers[frame.vector](frame);
    if (frame.vector == kSpurious)
        return;
    if (frame.vector < 32 && this_cpu().recovery != 0)
        return give_up(frame, frame.vector);
    fail(frame.vector < 32 ? "exception" : "interrupt", frame.vector, "error", Hex{frame.error}, "rip", Hex{frame.rip},
         "address", Hex{x86::read_cr2()}, "cpu", this_cpu().number);
}
