// SPDX-License-Identifier: GPL-2.0-only
// svm: instructions of hypervisors, and others that a VM does not have.
#include "interrupts.hpp"
#include "print.hpp"
#include "program.hpp"

namespace {

#define INSTRUCTION(name, text)                                                                                        \
    {                                                                                                                  \
        name, [] {                                                                                                     \
            asm volatile("xor %%eax, %%eax; xor %%ecx, %%ecx; xor %%edx, %%edx; " text ::                              \
                             : "rax", "rcx", "rdx", "memory");                                                         \
        }                                                                                                              \
    }
struct Refused {
    const char *name;
    void (*act)();
};
constexpr Refused kRefused[] = {
    INSTRUCTION("vmrun", "vmrun %%rax"),
    INSTRUCTION("vmload", "vmload %%rax"),
    INSTRUCTION("vmsave", "vmsave %%rax"),
    INSTRUCTION("stgi", "stgi"),
    INSTRUCTION("clgi", "clgi"),
    INSTRUCTION("skinit", "skinit %%eax"),
    INSTRUCTION("invlpga", "invlpga %%rax, %%ecx"),
    INSTRUCTION("vmcall", "vmcall"),
    INSTRUCTION("monitor", "monitor %%rax, %%ecx, %%edx"),
    INSTRUCTION("mwait", "mwait %%eax, %%ecx"),
    INSTRUCTION("rdpmc", "mov $7, %%ecx; rdpmc"),
    INSTRUCTION("xsetbv", "mov $1, %%ecx; xsetbv"),
    INSTRUCTION("rsm", "rsm"),
};

std::uint64_t hypercall(std::uint64_t number) {
    std::uint64_t rax = number;
    asm volatile("vmmcall" : "+a"(rax) : "b"(~0ul), "c"(~0ul), "d"(~0ul), "S"(~0ul), "D"(~0ul) : "memory");
    return rax;
}

void run(const Arguments &) {
    constexpr auto kNoSuchCall = static_cast<std::uint64_t>(-1000);
    for (const Refused &each : kRefused)
        print(each.name, "exception", attempt([&] { each.act(); }) & 0xff); // 255: none
    for (std::uint64_t number : {0ul, 1ul, 3ul, 100ul, 0x4d56ul, ~0ul, 1ul << 63})
        if (hypercall(number) != kNoSuchCall)
            fail("hypercall", Hex{number}, "gives", Hex{hypercall(number)});
}

PROGRAM("svm", run);

} // namespace
