// SPDX-License-Identifier: GPL-2.0-only
// code SEED COUNT RING SHOW: any bytes, executed with any registers. Every exception ends one execution, the interval
// timer's NMI those that go on; then the next begins. In ring 0 it may ruin the kernel: the VM may end in any way. Each
// is shown from the SHOW-th on.
#include "apic.hpp"
#include "interrupts.hpp"
#include "print.hpp"
#include "program.hpp"
#include "random.hpp"
#include "smp.hpp"

extern "C" std::uint64_t page_root[512], page_pointers[512], page_directories[2048];

namespace {

struct CodeState {
    std::uint64_t gpr[16];
    std::uint64_t ss, rsp, rflags, cs, rip;
};
extern "C" void enter_code(const CodeState *);

// Pieces of 2 MiB: the code, and memory for it to change.
constexpr std::uint64_t kPiece = 0x200000, kCode = 8 * kPiece, kScratch = 9 * kPiece, kScratchSize = 3 * kPiece;
constexpr unsigned kLength = 48;

// Beginnings of what interests a VMM: 0x0f and its groups, ports, moves to devices, segments, flags.
constexpr std::uint8_t kBeginnings[][3] = {
    {0x0f, 0x01, 0xf8}, {0x0f, 0x20, 0xc0}, {0x0f, 0x21, 0xc0}, {0x0f, 0x23, 0xc0}, {0x0f, 0x30, 0x90},
    {0x0f, 0x32, 0x90}, {0x0f, 0xa2, 0x90}, {0x0f, 0x01, 0xd1}, {0x0f, 0x01, 0xd9}, {0x0f, 0x09, 0x90},
    {0x0f, 0x08, 0x90}, {0x0f, 0xc7, 0x00}, {0xf3, 0xa4, 0x90}, {0xf3, 0x6e, 0x90}, {0xf3, 0x6c, 0x90},
    {0xfb, 0xf4, 0x90}, {0x9d, 0x90, 0x90}, {0xcf, 0x90, 0x90}, {0x8c, 0xd0, 0x90}, {0xcd, 0x80, 0x90},
    {0x0f, 0x05, 0x90}, {0x0f, 0x34, 0x90}, {0xec, 0x90, 0x90}, {0x89, 0x00, 0x90}, {0x8b, 0x00, 0x90},
    {0x87, 0x00, 0x90}, {0xc6, 0x00, 0x55}, {0xf0, 0x0f, 0xb1},
};

// What ends the VM or, in QEMU 10.0, the emulator: output to a port by an immediate; LTR of a null selector, for which
// a MOV to the segment register 7, which there is not, passes even in ring 3 ("invalid tss"); and what CR0 cannot be.
bool is_left_out(std::uint8_t first, std::uint8_t second) {
    return first == 0xe6 || first == 0xe7 || first == 0x8e || (first == 0x0f && (second == 0x00 || second == 0x22));
}

std::uint64_t any_value(Random &random) {
    constexpr std::uint64_t kDevices[] = {0xfee00000, 0xfec00000, 0xfee000b0, 0xfee00380, 0xf0000000, 0x10000000000};
    switch (random.below(6)) {
    case 0:
        return random.next();
    case 1:
        return random.below(256);
    case 2:
        return kDevices[random.below(std::size(kDevices))];
    case 3:
        return 0xc0000080 + random.below(4);
    default:
        return kScratch + random.below(kScratchSize);
    }
}

void write_code(Random &random) {
    auto *at = reinterpret_cast<std::uint8_t *>(kCode);
    for (unsigned i = 0; i < kLength; i++)
        at[i] = static_cast<std::uint8_t>(random.next() >> 24);
    if (random.one_in(2)) {
        const auto &begin = kBeginnings[random.below(std::size(kBeginnings))];
        const unsigned given = random.one_in(2) ? 3 : begin[0] == 0x0f ? 2 : 1;
        for (unsigned i = 0; i < given; i++)
            at[i] = begin[i];
    }
    for (unsigned i = kLength; i < kLength + 16; i++)
        at[i] = 0xcc;
    for (unsigned i = 0; i < kLength; i++)
        if (is_left_out(at[i], at[i + 1]))
            at[i] = 0x90;
}

CodeState any_state(Random &random, bool user) {
    constexpr std::uint64_t kArithmetic = 0xcd5, kTrap = 0x100, kOpen = 0x200, kAlignment = 0x40000;
    CodeState state;
    for (std::uint64_t &reg : state.gpr)
        reg = any_value(random);
    state.gpr[2] = random.one_in(2) ? 0x3f8 + random.below(8) : 0x20 + random.below(2); // DX
    state.ss = user ? USER_DATA : DATA64;
    state.cs = user ? USER_CODE : CODE64;
    state.rsp = kScratch + kScratchSize - 0x1000;
    state.rip = kCode;
    state.rflags = (random.next() & kArithmetic) | 2 | (random.one_in(2) ? kOpen : 0) | (random.one_in(8) ? kTrap : 0) |
                   (user && random.one_in(8) ? kAlignment : 0);
    return state;
}

// Ring 3 may use its pieces only.
void open_to_user() {
    constexpr std::uint64_t kUser = 4;
    page_root[0] |= kUser;
    page_pointers[0] |= kUser;
    for (std::uint64_t at = kCode; at < kScratch + kScratchSize; at += kPiece)
        page_directories[at / kPiece] |= kUser;
    x86::write_cr3(x86::read_cr3());
}

void end_execution(Frame &frame) {
    if (this_cpu().recovery != 0)
        give_up(frame, frame.vector);
}

void start_watch() {
    constexpr std::uint16_t kCount = 1193; // 1 ms
    x86::out8(0x43, 0x34);
    x86::out8(0x40, kCount & 0xff);
    x86::out8(0x40, kCount >> 8);
    for (unsigned vector = 32; vector < 256; vector++)
        set_handler(vector, [](Frame &) { apic::eoi(); });
    set_handler(kNmi, end_execution);
    ioapic::route(2, apic::ToNmi); // the first may come at once
}

void run(const Arguments &arguments) {
    Random random(arguments.number(0, 1));
    const bool user = arguments.number(2, 3) != 0;
    if (user)
        open_to_user();
    start_watch();
    const std::uint64_t cr0 = x86::read_cr0(), cr3 = x86::read_cr3(), cr4 = x86::read_cr4();
    std::uint64_t ended[32] = {};
    for (std::uint64_t i = 0; i < arguments.number(1, 10000); i++) {
        write_code(random);
        const CodeState state = any_state(random, user);
        if (i >= arguments.number(3, ~0ul))
            print(i, Hex{*reinterpret_cast<std::uint64_t *>(kCode)}, "flags", Hex{state.rflags});
        ended[attempt([&] { enter_code(&state); }) & 31]++;
        x86::write_dr7(0x400);
        x86::write_cr0(cr0);
        x86::write_cr3(cr3);
        x86::write_cr4(cr4);
        x86::write_cr8(0);
        restore_tables();
        apic::enable();
        if (i % 1000 == 0)
            print("executed", i);
    }
    for (unsigned vector = 0; vector < 32; vector++)
        if (ended[vector] != 0)
            print("exception", vector, ended[vector]);
}

PROGRAM("code", run);

} // namespace
