// SPDX-License-Identifier: GPL-2.0-only
// What the bare machine offers to the program: a serial line, an end, memory below 1 MiB, randomness.
#pragma once

#include "vmm/x86/intrinsics.hpp"

#include <cstddef>
#include <initializer_list>

namespace vmm::oracle {

// The first serial port, a 16550: polled, as no interrupt is ever on.
inline constexpr std::uint16_t kSerial = 0x3f8, kSerialControl = kSerial + 3, kSerialStatus = kSerial + 5;
inline void wait_for_serial(std::uint8_t status) {
    while (!(x86::in8(kSerialStatus) & status))
        ;
}
inline void put(char c) {
    constexpr std::uint8_t kHoldingEmpty = 0x20;
    wait_for_serial(kHoldingEmpty);
    x86::out8(kSerial, static_cast<std::uint8_t>(c));
}
inline void put(const char *text) {
    for (; *text; text++)
        put(*text);
}
inline void put_hex(std::uint64_t value) {
    for (int shift = 60; shift >= 0; shift -= 4)
        put("0123456789abcdef"[value >> shift & 15]);
}
inline void put_number(std::uint64_t value) {
    if (value >= 10)
        put_number(value / 10);
    put(static_cast<char>('0' + value % 10));
}

// Bochs ends when this is written to its port, with what the serial port has not sent yet.
[[noreturn]] inline void end() {
    constexpr std::uint8_t kAllSent = 0x40;
    wait_for_serial(kAllSent);
    for (const char *c = "Shutdown"; *c; c++)
        x86::out8(0x8900, static_cast<std::uint8_t>(*c));
    for (;;)
        asm volatile("hlt");
}

class Random {
  public:
    explicit Random(std::uint64_t seed) : state_(seed * 2 + 1) {}
    std::uint64_t operator()() { // xorshift64*
        state_ ^= state_ >> 12;
        state_ ^= state_ << 25;
        state_ ^= state_ >> 27;
        return state_ * 0x2545'f491'4f6c'dd1dull;
    }
    std::uint64_t below(std::uint64_t limit) { return (*this)() % limit; }

  private:
    std::uint64_t state_;
};

} // namespace vmm::oracle
