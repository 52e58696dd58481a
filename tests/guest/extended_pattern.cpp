// SPDX-License-Identifier: GPL-2.0-only
#include "extended_pattern.hpp"

#include <algorithm>
#include <iterator>

namespace {

struct Component {
    unsigned number;
    const char *name;
};
// As CPUID leaf 0xd places them; x87 and SSE lie in the legacy area (SDM vol. 1, table 10-2).
constexpr Component kComponents[] = {{2, "AVX"},       {3, "BNDREGS"},  {4, "BNDCSR"}, {5, "opmask"},
                                     {6, "ZMM_Hi256"}, {7, "Hi16_ZMM"}, {9, "PKRU"}};
constexpr std::size_t kControl = 0, kTag = 4, kMxcsr = 24, kMxcsrMask = 28, kStack = 32, kXmm = 160, kXmmEnd = 416,
                      kStateBv = 512;

void put(std::byte *at, std::uint64_t value, std::size_t size) {
    __builtin_memcpy(at, &value, size);
}

bool same(const std::byte *a, const std::byte *b, std::size_t from, std::size_t end) {
    return std::equal(a + from, a + end, b + from);
}

} // namespace

std::uint64_t ExtendedPattern::offered() {
    return x86::cpuid(1).ecx >> 26 & 1 ? x86::cpuid(0xd).eax : 0;
}

bool ExtendedPattern::fits() {
    return x86::cpuid(0xd).ebx <= kRoom;
}

void ExtendedPattern::fill(Random &random) {
    std::fill(std::begin(loaded_), std::end(loaded_), std::byte());
    const auto fill = [&](std::size_t from, std::size_t size) {
        for (std::size_t i = 0; i < size; i++)
            loaded_[from + i] = static_cast<std::byte>(random.next() >> 32);
    };
    put(loaded_ + kControl, 0x37f | random.below(4) << 10, 2); // rounding
    put(loaded_ + kTag, 0xff, 1);
    put(loaded_ + kMxcsr, 0x1f80 | random.below(4) << 13, 4);
    for (unsigned i = 0; i < 8; i++) {
        fill(kStack + 16 * i, 8);
        put(loaded_ + kStack + 16 * i + 7, 0x80, 1);
        put(loaded_ + kStack + 16 * i + 8, 0x3fff + random.below(64), 2); // normal numbers
    }
    fill(kXmm, kXmmEnd - kXmm);
    for (const Component &component : kComponents)
        if (x86::xgetbv0() >> component.number & 1)
            fill(x86::cpuid(0xd, component.number).ebx, x86::cpuid(0xd, component.number).eax);
    limit_to_what_may_be(random);
    put(loaded_ + kStateBv, x86::xgetbv0(), 8);
}

void ExtendedPattern::limit_to_what_may_be(Random &random) {
    constexpr std::uint64_t kDirectory = 0x00007ffffffff000, kPreserve = 2; // and not enabled
    if (x86::xgetbv0() >> 4 & 1) {
        std::byte *const bounds = loaded_ + x86::cpuid(0xd, 4).ebx;
        std::fill_n(bounds, x86::cpuid(0xd, 4).eax, std::byte());
        put(bounds, (random.next() & kDirectory) | kPreserve, 8);
        put(bounds + 8, random.next(), 8);
    }
    if (x86::xgetbv0() >> 9 & 1) {
        std::byte *const pkru = loaded_ + x86::cpuid(0xd, 9).ebx;
        pkru[0] &= std::byte{0xfc}; // a program's own memory has key 0
        put(pkru + 4, 0, 4);
    }
}

void ExtendedPattern::load() {
    std::fill(std::begin(saved_), std::end(saved_), std::byte()); // now: it may take vector registers
    asm volatile("xrstor64 %0" ::"m"(loaded_), "a"(~0u), "d"(~0u));
}

const char *ExtendedPattern::compare() {
    asm volatile("xsave64 %0" : "+m"(saved_) : "a"(~0u), "d"(~0u) : "memory");
    if (!same(loaded_, saved_, kControl, kTag) || !same(loaded_, saved_, kTag, kTag + 1))
        return "x87 control";
    for (unsigned i = 0; i < 8; i++)
        if (!same(loaded_, saved_, kStack + 16 * i, kStack + 16 * i + 10))
            return "x87 stack";
    if (!same(loaded_, saved_, kMxcsr, kMxcsrMask))
        return "MXCSR";
    if (!same(loaded_, saved_, kXmm, kXmmEnd))
        return "XMM";
    for (const Component &component : kComponents) {
        if (!(x86::xgetbv0() >> component.number & 1))
            continue;
        const x86::CpuidResult place = x86::cpuid(0xd, component.number);
        if (!same(loaded_, saved_, place.ebx, place.ebx + place.eax))
            return component.name;
    }
    return nullptr;
}
