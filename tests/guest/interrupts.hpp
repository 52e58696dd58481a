// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "cpu.hpp"

struct Frame {
    std::uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
    std::uint64_t vector, error, rip, cs, rflags, rsp, ss;
};

using Handler = void (*)(Frame &);

// Vectors of the programs.
inline constexpr unsigned kTimerVector = 0x40, kIpiVector = 0x41, kDeviceVector = 0x50 /* + line */, kSpurious = 0xff;
inline constexpr unsigned kNmi = 2, kInvalidOpcode = 6, kGeneralProtection = 13, kPageFault = 14;

// The descriptor tables of the processor that calls.
void set_up_cpu(Cpu &cpu, unsigned number);
void restore_tables(); // after code that may have loaded others
void set_handler(unsigned vector, Handler handler);

// Runs `act`; an exception in it ends it. kNoFault or the exception's vector.
inline constexpr int kNoFault = -1;
extern "C" int attempt(void (*act)(void *), void *with);
template <class Act> int attempt(Act act) {
    return attempt([](void *with) { (*static_cast<Act *>(with))(); }, &act);
}
// From a handler: attempt() returns `why` when the handler does.
void give_up(Frame &frame, std::uint64_t why);
