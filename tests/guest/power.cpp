// SPDX-License-Identifier: GPL-2.0-only
#include "power.hpp"

#include "x86.hpp"

void power_off() {
    constexpr std::uint16_t kControl = 0x604, kSleepEnable = 1 << 13, kTypeOff = 5 << 10;
    x86::cli();
    x86::out<std::uint16_t>(kControl, kSleepEnable | kTypeOff);
    x86::out<std::uint16_t>(kControl, kSleepEnable); // the emulator's own machine has another type
    for (;;)
        x86::hlt();
}
