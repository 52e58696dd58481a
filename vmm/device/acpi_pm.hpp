// SPDX-License-Identifier: GPL-2.0-only
// AcpiPm: ACPI's fixed hardware: power management timer, PM1a event and control registers. The ACPI mode is the only
// one, so there is no command to enter it.
#pragma once

#include "vmm/base/bits.hpp"
#include "vmm/device/clock.hpp"

#include <cstdint>

namespace vmm::device {

class AcpiPm {
  public:
    using Timer = Clock<3'579'545>;

    // What the FADT says: offsets from the first port and lengths.
    static constexpr unsigned kEventOffset = 0, kEventBytes = 4;
    static constexpr unsigned kControlOffset = 4, kControlBytes = 2;
    static constexpr unsigned kTimerOffset = 8, kTimerBytes = 4;
    static constexpr unsigned kBytes = kTimerOffset + kTimerBytes;
    // What the DSDT's \_S5 says.
    static constexpr std::uint8_t kSleepTypeOff = 5;

    void reset();

    // 32 bits: FADT flag TMR_VAL_EXT.
    static std::uint32_t timer(std::uint64_t now) { return static_cast<std::uint32_t>(Timer::ticks(now)); }
    std::uint32_t read(unsigned offset, unsigned size, std::uint64_t now);
    // True: the guest has switched the machine off.
    bool write(unsigned offset, unsigned size, std::uint32_t value, std::uint64_t now);

    void press_power_button();

    void run(std::uint64_t now);
    bool sci() const { return (status_ & enable_) != 0; }
    std::uint64_t deadline() const; // of the timer's carry, if that interrupts

  private:
    std::uint16_t status_ = 0;
    std::uint16_t enable_ = 0;
    std::uint16_t control_ = 0;    // without SCI_EN
    std::uint64_t half_turns_ = 0; // of the timer, seen
};

} // namespace vmm::device
