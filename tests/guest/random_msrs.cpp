// SPDX-License-Identifier: GPL-2.0-only
// msrs SEED COUNT: any MSR, any value. What the kernel itself lives by is left alone.
#include "interrupts.hpp"
#include "print.hpp"
#include "program.hpp"
#include "random.hpp"

namespace {

constexpr std::uint32_t kAreas[] = {0,          0x40,       0x174,      0x200,      0x2f0,      0x6e0,      0x800,
                                    0xc0000080, 0xc0000100, 0xc0010000, 0xc0010100, 0xc0011000, 0x4b564d00, 0x40000000};

std::uint32_t index(Random &random) {
    if (random.one_in(4))
        return static_cast<std::uint32_t>(random.next());
    return kAreas[random.below(std::size(kAreas))] + static_cast<std::uint32_t>(random.below(64));
}

// EFER and the APIC's mode are needed to go on; a clock's address may be the kernel's own memory.
bool may_write(std::uint32_t msr) {
    return msr != x86::msr::Efer && msr != x86::msr::ApicBase && (msr >> 8) != 0x4b564d && msr != 0x11 && msr != 0x12;
}

void run(const Arguments &arguments) {
    Random random(arguments.number(0, 1));
    std::uint64_t refused = 0;
    x86::cli();
    for (std::uint64_t i = 0; i < arguments.number(1, 20000); i++) {
        const std::uint32_t msr = index(random);
        const std::uint64_t value = random.next() >> random.below(64);
        const bool write = random.one_in(2) && may_write(msr);
        const int result = attempt([&] { write ? x86::wrmsr(msr, value) : void(x86::rdmsr(msr)); });
        if (result != kNoFault && result != kGeneralProtection)
            fail("msr", Hex{msr}, "exception", result);
        refused += result != kNoFault;
    }
    print("refused", refused);
}

PROGRAM("msrs", run);

} // namespace
