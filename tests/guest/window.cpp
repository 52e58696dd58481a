// SPDX-License-Identifier: GPL-2.0-only
#include "window.hpp"

#include "x86.hpp"

extern "C" std::uint64_t page_pointers[512];

namespace {

alignas(4096) std::uint64_t directory[512], table[512];

constexpr unsigned kSlot = 8; // of page_pointers: 8 GiB
constexpr std::uint64_t kPresent = 1, kWrite = 2, kUncached = 1 << 4;

} // namespace

volatile std::uint8_t *window(std::uint64_t physical) {
    const std::uint64_t rights = kPresent | kWrite;
    page_pointers[kSlot] = reinterpret_cast<std::uint64_t>(directory) | rights;
    directory[0] = reinterpret_cast<std::uint64_t>(table) | rights;
    table[0] = (physical & ~0xffful) | rights | kUncached;
    table[1] = ((physical & ~0xffful) + 0x1000) | rights | kUncached; // for what crosses the border
    const std::uint64_t at = std::uint64_t{kSlot} << 30;
    x86::invlpg(at);
    x86::invlpg(at + 0x1000);
    return reinterpret_cast<volatile std::uint8_t *>(at + (physical & 0xfff));
}

unsigned physical_bits() {
    return x86::cpuid(0x80000008).eax & 0xff;
}
