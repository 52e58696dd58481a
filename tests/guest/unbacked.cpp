// SPDX-License-Identifier: GPL-2.0-only
// unbacked SEED COUNT: where there is neither memory nor a device, reads give ones and writes are lost.
#include "print.hpp"
#include "program.hpp"
#include "random.hpp"
#include "window.hpp"

namespace {

constexpr std::uint64_t kIoapic = 0xfec00000, kLapic = 0xfee00000, kPage = 0x1000;

// Above all RAM of a VM: 3 to 4 GiB without the APICs, and from 1 TiB + 1 GiB on.
std::uint64_t address(Random &random) {
    constexpr std::uint64_t kHole = 3ull << 30, kEnd = 4ull << 30;
    for (;;) {
        const unsigned bits = 32 + static_cast<unsigned>(random.below(physical_bits() - 31));
        const std::uint64_t at = random.next() & ((1ull << bits) - 1) & ~7ull;
        const bool device = at - kIoapic < kPage || at - kLapic < kPage;
        if ((at >= kHole && at < kEnd && !device) || at >= (1ull << 40) + (1ull << 30))
            return at;
    }
}

template <class T> void touch(std::uint64_t at, Random &random) {
    auto &there = *reinterpret_cast<volatile T *>(window(at));
    if (random.one_in(2))
        there = static_cast<T>(random.next());
    const T found = there;
    if (found != static_cast<T>(~T{0}))
        fail("unbacked", Hex{at}, "reads", Hex{found});
    asm volatile("orb $1, %0; incb %0" : "+m"(there));
}

void run(const Arguments &arguments) {
    Random random(arguments.number(0, 1));
    print("physical bits", physical_bits());
    for (std::uint64_t i = 0; i < arguments.number(1, 2000); i++) {
        const std::uint64_t at = address(random);
        switch (random.below(4)) {
        case 0:
            touch<std::uint8_t>(at, random);
            break;
        case 1:
            touch<std::uint16_t>(at, random);
            break;
        case 2:
            touch<std::uint32_t>(at, random);
            break;
        default:
            touch<std::uint64_t>(at, random);
        }
    }
}

PROGRAM("unbacked", run);

} // namespace
