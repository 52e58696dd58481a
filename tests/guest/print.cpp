// SPDX-License-Identifier: GPL-2.0-only
#include "print.hpp"

#include "power.hpp"
#include "spin_lock.hpp"
#include "x86.hpp"

namespace {

constexpr std::uint16_t kCom1 = 0x3f8, kLineStatus = kCom1 + 5;
constexpr std::uint8_t kHoldingEmpty = 0x20;

constinit SpinLock serial_lock;

void put(char c) {
    while (!(x86::in8(kLineStatus) & kHoldingEmpty))
        x86::pause();
    x86::out8(kCom1, static_cast<std::uint8_t>(c));
}

} // namespace

Line::~Line() {
    SpinLock::Holder holder(serial_lock);
    for (unsigned i = 0; i < size_; i++)
        put(text_[i]);
    put('\r');
    put('\n');
}

void Line::add(std::string_view text) {
    for (const char c : text)
        if (size_ < sizeof(text_))
            text_[size_++] = c;
}

void Line::add(Hex number) {
    add("0x");
    int shift = 60;
    while (shift > 0 && (number.value >> shift) == 0)
        shift -= 4;
    for (; shift >= 0; shift -= 4)
        add(std::string_view(&"0123456789abcdef"[number.value >> shift & 15], 1));
}

void Line::add_decimal(std::uint64_t number) {
    char digits[20];
    unsigned at = sizeof(digits);
    do
        digits[--at] = static_cast<char>('0' + number % 10);
    while (number /= 10);
    add(std::string_view(digits + at, sizeof(digits) - at));
}

void fail_now() {
    power_off();
}
