// SPDX-License-Identifier: GPL-2.0-only
// Sections and tables are those of the MC146818 data sheet.
#include "vmm/device/rtc.hpp"

#include "vmm/device/calendar.hpp"

#include <ctime>
#include <gtest/gtest.h>
#include <ostream>
#include <random>

namespace vmm::device {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kMorning = 1'700'000'000; // Tuesday, 14 November 2023, 22:13:20
constexpr std::uint8_t kSet = 0x80, kPie = 0x40, kAie = 0x20, kUie = 0x10, kBinary = 0x04, kHours24 = 0x02;
constexpr std::uint8_t kUip = 0x80;

TEST(Calendar, AgreesWithTheLibrary) {
    std::mt19937_64 random(1);
    for (int n = 0; n < 100000; n++) {
        const auto days = static_cast<std::int64_t>(random() % 3'000'000) - 600'000;
        const std::time_t time = days * 86400;
        std::tm tm{};
        ASSERT_TRUE(gmtime_r(&time, &tm));
        const Date date = date_of(days);
        ASSERT_EQ(date, (Date{tm.tm_year + 1900, static_cast<unsigned>(tm.tm_mon + 1), tm.tm_mday})) << days;
        ASSERT_EQ(days_of(date), days);
        ASSERT_EQ(weekday_of(days), static_cast<unsigned>(tm.tm_wday));
    }
}

class RtcTest : public testing::Test {
  protected:
    RtcTest() { rtc.configure(kMorning); }
    std::uint8_t in(unsigned reg, std::uint64_t now) {
        rtc.select(static_cast<std::uint8_t>(reg));
        return rtc.read(now);
    }
    void out(unsigned reg, unsigned value, std::uint64_t now) {
        rtc.select(static_cast<std::uint8_t>(reg));
        rtc.write(static_cast<std::uint8_t>(value), now);
    }
    void set_time(unsigned hours, unsigned minutes, unsigned seconds, std::uint64_t now) {
        out(Rtc::Hours, hours, now);
        out(Rtc::Minutes, minutes, now);
        out(Rtc::Seconds, seconds, now);
    }
    void set_alarm(unsigned hours, unsigned minutes, unsigned seconds, std::uint64_t now) {
        out(Rtc::HoursAlarm, hours, now);
        out(Rtc::MinutesAlarm, minutes, now);
        out(Rtc::SecondsAlarm, seconds, now);
    }
    unsigned time_of_day(std::uint64_t now) { // as BCD digits
        return in(Rtc::Hours, now) << 16u | in(Rtc::Minutes, now) << 8u | in(Rtc::Seconds, now);
    }
    Rtc rtc;
};

unsigned from(std::uint8_t raw, bool binary) {
    return binary ? raw : (raw >> 4) * 10u + (raw & 15u);
}

std::uint8_t to(unsigned value, bool binary) {
    return static_cast<std::uint8_t>(binary ? value : value / 10 << 4 | value % 10);
}

void expect_time(Rtc &rtc, std::time_t time, std::uint64_t now, std::uint8_t format) {
    std::tm tm{};
    ASSERT_TRUE(gmtime_r(&time, &tm));
    const bool binary = (format & kBinary) != 0;
    const auto read = [&](unsigned reg) {
        rtc.select(static_cast<std::uint8_t>(reg));
        return rtc.read(now);
    };
    ASSERT_EQ(from(read(Rtc::Seconds), binary), static_cast<unsigned>(tm.tm_sec)) << time;
    ASSERT_EQ(from(read(Rtc::Minutes), binary), static_cast<unsigned>(tm.tm_min));
    const std::uint8_t hour = read(Rtc::Hours);
    if (format & kHours24) {
        ASSERT_EQ(from(hour, binary), static_cast<unsigned>(tm.tm_hour));
    } else {
        ASSERT_EQ(from(hour & 0x7f, binary), static_cast<unsigned>((tm.tm_hour + 11) % 12 + 1));
        ASSERT_EQ(hour >> 7, tm.tm_hour >= 12);
    }
    ASSERT_EQ(read(Rtc::DayOfWeek), tm.tm_wday + 1);
    ASSERT_EQ(from(read(Rtc::DayOfMonth), binary), static_cast<unsigned>(tm.tm_mday));
    ASSERT_EQ(from(read(Rtc::Month), binary), static_cast<unsigned>(tm.tm_mon + 1));
    ASSERT_EQ(from(read(Rtc::Year), binary), static_cast<unsigned>(tm.tm_year % 100));
    ASSERT_EQ(from(read(Rtc::Century), binary), static_cast<unsigned>(tm.tm_year / 100 + 19));
}

TEST_F(RtcTest, TellsTheTimeOfRandomStarts) {
    std::mt19937_64 random(2);
    for (int n = 0; n < 3000; n++) {
        const std::uint64_t start = random() % 7'000'000'000;
        rtc.configure(start);
        std::uint64_t now = 0;
        for (int step = 0; step < 4; step++) {
            now += random() % (kSecond << random() % 29);
            expect_time(rtc, static_cast<std::time_t>(start + now / kSecond), now, kHours24);
            if (HasFailure())
                return;
        }
    }
}

// "Set": as the drivers do, in each format.
TEST_F(RtcTest, IsSetToRandomTimes) {
    std::mt19937_64 random(3);
    std::uint64_t now = 0;
    for (int n = 0; n < 3000 && !HasFailure(); n++) {
        now += random() % (100 * kSecond);
        const std::uint8_t format = random() & (kBinary | kHours24);
        const bool binary = (format & kBinary) != 0;
        const auto time = static_cast<std::time_t>(random() % 7'000'000'000);
        std::tm tm{};
        gmtime_r(&time, &tm);
        out(Rtc::B, kSet | format, now);
        const unsigned hour = static_cast<unsigned>(tm.tm_hour);
        const unsigned hour12 = to((hour + 11) % 12 + 1, binary) | (hour >= 12 ? 0x80u : 0u);
        out(Rtc::Hours, (format & kHours24) ? to(hour, binary) : hour12, now);
        out(Rtc::Seconds, to(static_cast<unsigned>(tm.tm_sec), binary), now);
        out(Rtc::Minutes, to(static_cast<unsigned>(tm.tm_min), binary), now);
        out(Rtc::DayOfWeek, static_cast<unsigned>(tm.tm_wday + 1), now);
        out(Rtc::DayOfMonth, to(static_cast<unsigned>(tm.tm_mday), binary), now);
        out(Rtc::Month, to(static_cast<unsigned>(tm.tm_mon + 1), binary), now);
        out(Rtc::Year, to(static_cast<unsigned>(tm.tm_year % 100), binary), now);
        out(Rtc::Century, to(static_cast<unsigned>(tm.tm_year / 100 + 19), binary), now);
        const std::uint64_t pause = random() % (5 * kSecond);
        now += pause; // stands still
        expect_time(rtc, time, now, format);
        out(Rtc::B, format, now);
        const std::uint64_t passed = random() % (1000000 * kSecond);
        const std::uint64_t seconds = (now + passed) / kSecond - now / kSecond;
        now += passed;
        expect_time(rtc, time + static_cast<std::time_t>(seconds), now, format);
    }
}

// "Divider Control", register A: the first update is half a second after the release.
TEST_F(RtcTest, DividerIsHeld) {
    const std::uint64_t now = 10 * kSecond + 900'000'000;
    out(Rtc::A, 0x76, now);
    EXPECT_EQ(time_of_day(now), 0x221330u);
    EXPECT_EQ(time_of_day(now + 100 * kSecond), 0x221330u);
    EXPECT_EQ(in(Rtc::A, now + 100 * kSecond), 0x76);
    const std::uint64_t release = now + 100 * kSecond;
    out(Rtc::A, 0x26, release);
    EXPECT_EQ(time_of_day(release + kSecond / 2 - 1), 0x221330u);
    EXPECT_EQ(time_of_day(release + kSecond / 2), 0x221331u);
    EXPECT_EQ(time_of_day(release + kSecond * 3 / 2), 0x221332u);
}

// "Update Cycle": UIP is set for at least 244 us before the registers change.
TEST_F(RtcTest, UpdateInProgress) {
    for (std::uint64_t now = 0; now < 2 * kSecond; now += 10'000) {
        const std::uint64_t left = kSecond - now % kSecond;
        const bool uip = (in(Rtc::A, now) & kUip) != 0;
        if (left <= 244'000 || left > 300'000) {
            ASSERT_EQ(uip, left <= 244'000) << now;
        }
    }
    out(Rtc::A, 0xff, 0); // read-only
    EXPECT_EQ(in(Rtc::A, 0), 0x7f);
    out(Rtc::A, 0x26, 0);
    out(Rtc::B, kSet | kHours24, 0);
    EXPECT_EQ(in(Rtc::A, kSecond / 2 - 1) & kUip, 0);
}

// Flags are set without their enables, and a read of C clears all.
TEST_F(RtcTest, FlagsWithoutInterrupts) {
    in(Rtc::C, 0);
    EXPECT_EQ(in(Rtc::C, 100), 0);
    EXPECT_EQ(in(Rtc::C, kSecond / 2), 0x40);
    EXPECT_EQ(in(Rtc::C, kSecond), 0x50);
    EXPECT_EQ(in(Rtc::C, kSecond), 0);
    EXPECT_FALSE(rtc.interrupt());
    EXPECT_EQ(rtc.deadline(), kNever);
    EXPECT_FALSE(rtc.is_armed());
}

TEST_F(RtcTest, UpdateEndedInterrupt) {
    out(Rtc::B, kHours24 | kUie, kSecond / 3);
    EXPECT_TRUE(rtc.is_armed());
    EXPECT_EQ(rtc.deadline(), kSecond);
    rtc.run(kSecond - 1);
    EXPECT_FALSE(rtc.interrupt());
    rtc.run(kSecond);
    EXPECT_TRUE(rtc.interrupt());
    EXPECT_EQ(rtc.deadline(), kNever); // nothing new until C is read
    EXPECT_EQ(in(Rtc::C, 5 * kSecond), 0xd0);
    EXPECT_FALSE(rtc.interrupt());
    EXPECT_EQ(rtc.deadline(), 6 * kSecond);
    out(Rtc::B, kSet | kHours24 | kUie, 5 * kSecond); // SET clears the enable
    EXPECT_EQ(in(Rtc::B, 5 * kSecond), kSet | kHours24);
}

// Table 5: the rates of a 32,768 Hz crystal.
TEST_F(RtcTest, PeriodicRates) {
    constexpr unsigned rates[] = {0, 256, 128, 8192, 4096, 2048, 1024, 512, 256, 128, 64, 32, 16, 8, 4, 2};
    std::uint64_t now = 0;
    for (unsigned select = 0; select < 16; select++) {
        out(Rtc::A, 0x20 | select, now);
        out(Rtc::B, kHours24 | kPie, now);
        in(Rtc::C, now);
        if (rates[select] == 0) {
            EXPECT_EQ(rtc.deadline(), kNever);
            continue;
        }
        const std::uint64_t end = now + kSecond;
        unsigned count = 0;
        for (; rtc.deadline() <= end; count++) {
            now = rtc.deadline();
            rtc.run(now - 1);
            ASSERT_FALSE(rtc.interrupt());
            rtc.run(now);
            ASSERT_TRUE(rtc.interrupt());
            in(Rtc::C, now);
        }
        EXPECT_EQ(count, rates[select]) << select;
        now = end;
    }
}

TEST_F(RtcTest, MissedPeriodsAreOne) {
    out(Rtc::A, 0x23, 0);
    out(Rtc::B, kHours24 | kPie, 0);
    const std::uint64_t later = 3600 * kSecond + 1;
    rtc.run(later);
    EXPECT_TRUE(rtc.interrupt());
    EXPECT_EQ(in(Rtc::C, later) & 0xc0, 0xc0);
    EXPECT_FALSE(rtc.interrupt());
    EXPECT_GT(rtc.deadline(), later);
    EXPECT_LE(rtc.deadline(), later + 130'000);
}

struct AlarmRow {
    unsigned hours, minutes, seconds; // as written, BCD
    std::uint64_t first, second;      // seconds from 22:13:20
};

std::ostream &operator<<(std::ostream &stream, const AlarmRow &row) {
    return stream << std::hex << row.hours << ':' << row.minutes << ':' << row.seconds;
}

class RtcAlarmTest : public RtcTest, public testing::WithParamInterface<AlarmRow> {};

// "Alarm": a byte of 0xc0 or more matches always.
TEST_P(RtcAlarmTest, Comes) {
    const AlarmRow row = GetParam();
    set_alarm(row.hours, row.minutes, row.seconds, 0);
    out(Rtc::B, kHours24 | kAie, 0);
    in(Rtc::C, 0);
    for (const std::uint64_t seconds : {row.first, row.second}) {
        ASSERT_EQ(rtc.deadline(), seconds * kSecond);
        rtc.run(seconds * kSecond - 1);
        EXPECT_FALSE(rtc.interrupt());
        rtc.run(seconds * kSecond);
        EXPECT_TRUE(rtc.interrupt());
        EXPECT_EQ(in(Rtc::C, seconds * kSecond) & 0xa0, 0xa0);
    }
}

INSTANTIATE_TEST_SUITE_P(Rows, RtcAlarmTest,
                         testing::Values(AlarmRow{0x22, 0x13, 0x21, 1, 86401},
                                         AlarmRow{0x22, 0x13, 0x20, 86400, 172800},
                                         AlarmRow{0x00, 0x00, 0x00, 6400, 92800}, AlarmRow{0xff, 0xff, 0xff, 1, 2},
                                         AlarmRow{0xc0, 0x13, 0x19, 3599, 7199}, AlarmRow{0xff, 0xff, 0x10, 50, 110},
                                         AlarmRow{0x23, 0xff, 0xff, 2800, 2801}, AlarmRow{0xff, 0x59, 0x59, 2799, 6399},
                                         AlarmRow{0x22, 0xff, 0x00, 40, 100}));

TEST_F(RtcTest, AlarmThatCannotCome) {
    for (const auto &[hours, minutes, seconds] : {std::array{0x24u, 0u, 0u}, {0u, 0x60u, 0u}, {0xffu, 0xffu, 0x60u}}) {
        set_alarm(hours, minutes, seconds, 0);
        out(Rtc::B, kHours24 | kAie, 0);
        EXPECT_EQ(rtc.deadline(), kNever);
        EXPECT_EQ(in(Rtc::C, 200'000 * kSecond) & 0x20, 0);
    }
}

TEST_F(RtcTest, AlarmInTwelveHours) {
    out(Rtc::B, kSet, 0);
    set_time(0x92, 0x59, 0x59, 0); // 12:59:59 pm
    set_alarm(0x81, 0x00, 0x00, 0);
    out(Rtc::B, kAie, 0);
    EXPECT_EQ(rtc.deadline(), kSecond);
    rtc.run(kSecond);
    EXPECT_TRUE(rtc.interrupt());
    EXPECT_EQ(time_of_day(kSecond), 0x810000u);
    EXPECT_EQ(time_of_day(11 * 3600 * kSecond), 0x915959u);
    EXPECT_EQ(time_of_day(11 * 3600 * kSecond + kSecond), 0x120000u); // midnight
}

TEST_F(RtcTest, AlarmFlagOfAPastTime) {
    set_alarm(0x23, 0x00, 0x00, 0);
    in(Rtc::C, 0);
    EXPECT_EQ(in(Rtc::C, 2799 * kSecond) & 0x20, 0);
    EXPECT_EQ(in(Rtc::C, 100'000 * kSecond) & 0x20, 0x20);
}

TEST_F(RtcTest, MemoryAndReset) {
    for (unsigned reg = 0x0e; reg < 128; reg++)
        if (reg != Rtc::Century)
            out(reg, reg ^ 0x55, 0);
    out(Rtc::B, 0x7e, 0);
    rtc.run(kSecond);
    EXPECT_TRUE(rtc.interrupt());
    rtc.reset();
    EXPECT_FALSE(rtc.interrupt());
    EXPECT_EQ(in(Rtc::B, kSecond), kBinary | kHours24); // "RESET": enables and square wave
    EXPECT_EQ(in(Rtc::C, kSecond), 0);
    EXPECT_EQ(in(Rtc::D, kSecond), 0x80);
    out(Rtc::D, 0, kSecond);
    EXPECT_EQ(in(Rtc::D, kSecond), 0x80);
    for (unsigned reg = 0x0e; reg < 128; reg++)
        if (reg != Rtc::Century) {
            EXPECT_EQ(in(reg, kSecond), reg ^ 0x55);
        }
    EXPECT_EQ(in(0x80 | 0x0e, 0), 0x0e ^ 0x55); // the NMI mask is not the clock's
}

} // namespace
} // namespace vmm::device
