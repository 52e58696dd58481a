// SPDX-License-Identifier: GPL-2.0-only
// Rtc: the MC146818 clock with 128 bytes of CMOS memory. The registers hold the time of the last update, as in the
// chip; updates that are due are made up when somebody looks, all at once.
#pragma once

#include "vmm/base/bits.hpp"
#include "vmm/device/clock.hpp"

#include <array>
#include <cstdint>

namespace vmm::device {

class Rtc {
  public:
    using Divider = Clock<32768>; // the data sheet's "divider chain"
    static constexpr unsigned kBytes = 128;

    enum Register : std::uint8_t {
        Seconds,
        SecondsAlarm,
        Minutes,
        MinutesAlarm,
        Hours,
        HoursAlarm,
        DayOfWeek, // 1 is Sunday
        DayOfMonth,
        Month,
        Year,
        A,
        B,
        C,
        D,
        Century = 0x32, // not in the chip; where PCs have it, and ACPI's FADT says so
    };

    // Power-on: the time of day in seconds since 1970 (UTC) at the VM's time 0.
    void configure(std::uint64_t epoch);
    // The RESET pin: time and memory stay.
    void reset();

    void select(std::uint8_t value) { selected_ = value % kBytes; } // bit 7 is the chipset's NMI mask
    std::uint8_t read(std::uint64_t now);
    void write(std::uint8_t value, std::uint64_t now);

    // An interrupt is enabled: run() and deadline() matter only then.
    bool is_armed() const;
    void run(std::uint64_t now) { update(now); }
    bool interrupt() const; // IRQ 8
    // When the line rises next, seen from the last call with a time; kNever if it does not.
    std::uint64_t deadline() const;

  private:
    static constexpr std::uint32_t kNoAlarm = ~0u;
    static constexpr unsigned kChainBits = 15; // a second of the divider chain

    struct TimeOfDay {
        unsigned hour, minute, second;
    };

    bool is_set_mode() const;
    bool is_dividing() const;
    unsigned period_bits() const;
    std::uint64_t chain(std::uint64_t now) const;
    std::uint64_t time_of_chain(std::uint64_t tick) const;
    bool is_update_near(std::uint64_t now) const;

    void update(std::uint64_t now);
    void advance(std::uint64_t seconds);
    std::uint32_t seconds_to_alarm() const;
    TimeOfDay time_of_day() const;
    void set_divider(std::uint8_t value, std::uint64_t now);
    void set_control(std::uint8_t value);
    std::uint8_t take_flags();

    unsigned decode(std::uint8_t raw) const;
    std::uint8_t encode(unsigned value) const;
    unsigned decode_hour(std::uint8_t raw) const;
    std::uint8_t encode_hour(unsigned hour) const;

    std::array<std::uint8_t, kBytes> registers_{};
    std::uint8_t selected_ = 0;
    std::uint64_t origin_ = 0; // ns at which the divider chain was at origin_chain_
    std::uint64_t origin_chain_ = 0;
    std::uint64_t seen_chain_ = 0; // the registers are up to date with this
};

} // namespace vmm::device
