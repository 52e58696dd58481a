// SPDX-License-Identifier: GPL-2.0-only
// Sections are those of the ACPI specification.
#include "vmm/device/acpi_pm.hpp"

#include <gtest/gtest.h>

namespace vmm::device {
namespace {

constexpr unsigned kStatus = 0, kEnable = 2, kControl = 4, kTimer = 8;
constexpr std::uint32_t kTimerBit = 1, kPowerButtonBit = 0x100, kSleepEnable = 1u << 13;

class AcpiPmTest : public testing::Test {
  protected:
    std::uint32_t in(unsigned offset, unsigned size = 2, std::uint64_t now = 0) { return pm.read(offset, size, now); }
    bool out(unsigned offset, std::uint32_t value, unsigned size = 2, std::uint64_t now = 0) {
        return pm.write(offset, size, value, now);
    }
    AcpiPm pm;
};

// 4.8.2.1: 3.579545 MHz.
TEST_F(AcpiPmTest, Timer) {
    constexpr std::uint64_t second = 1'000'000'000;
    EXPECT_EQ(in(kTimer, 4, second), 3579545u);
    EXPECT_EQ(in(kTimer, 4, 2000 * second), static_cast<std::uint32_t>(2000 * 3579545ull));
    EXPECT_EQ(in(kTimer + 1, 1, second), 3579545u >> 8 & 0xff);
    EXPECT_EQ(in(kTimer + 2, 2, second), 3579545u >> 16);
    EXPECT_EQ(in(kTimer + 2, 4, second), 3579545u >> 16);
    EXPECT_FALSE(out(kTimer, ~0u, 4));
    EXPECT_EQ(in(kTimer, 4, 0), 0u);
}

// 4.8.3.1: status bits are cleared by ones, and interrupt while enabled.
TEST_F(AcpiPmTest, PowerButton) {
    EXPECT_FALSE(pm.sci());
    out(kEnable, kPowerButtonBit);
    EXPECT_EQ(in(kEnable), kPowerButtonBit);
    pm.press_power_button();
    EXPECT_TRUE(pm.sci());
    EXPECT_EQ(in(kStatus), kPowerButtonBit);
    EXPECT_EQ(in(kStatus, 4), kPowerButtonBit << 16 | kPowerButtonBit);
    EXPECT_EQ(in(kStatus + 1, 1), 1u);
    out(kStatus, 0);
    EXPECT_TRUE(pm.sci());
    out(kStatus, kPowerButtonBit);
    EXPECT_FALSE(pm.sci());
    EXPECT_EQ(in(kStatus), 0u);
    out(kEnable, 0);
    pm.press_power_button();
    EXPECT_FALSE(pm.sci());
    out(kEnable + 1, 1, 1);
    EXPECT_TRUE(pm.sci());
}

TEST_F(AcpiPmTest, EnableWritesDoNotTouchTheStatus) {
    pm.press_power_button();
    out(kEnable, 0xffff);
    EXPECT_EQ(in(kStatus), kPowerButtonBit);
    EXPECT_EQ(in(kEnable), 0x0721u);
    out(kStatus, 0x00ff0000, 4); // both at once, status not
    EXPECT_EQ(in(kEnable), 0x0021u);
    EXPECT_EQ(in(kStatus), kPowerButtonBit);
}

// 4.8.3.2: ACPI mode is the only one.
TEST_F(AcpiPmTest, Control) {
    EXPECT_EQ(in(kControl), 1u);
    EXPECT_FALSE(out(kControl, 0));
    EXPECT_EQ(in(kControl), 1u);
    EXPECT_FALSE(out(kControl, 0x1c02));
    EXPECT_EQ(in(kControl), 0x1c03u);
    EXPECT_EQ(in(kControl + 2), 0u);
}

TEST_F(AcpiPmTest, SoftOff) {
    for (unsigned type = 0; type < 8; type++) {
        EXPECT_EQ(out(kControl, type << 10 | kSleepEnable), type == AcpiPm::kSleepTypeOff) << type;
        EXPECT_EQ(in(kControl), type << 10 | 1); // SLP_EN is write-only
    }
    EXPECT_FALSE(out(kControl, AcpiPm::kSleepTypeOff << 10));
    EXPECT_TRUE(out(kControl + 1, kSleepEnable >> 8 | AcpiPm::kSleepTypeOff << 2, 1));
}

// 4.8.2.1, TMR_STS: the highest bit changes.
TEST_F(AcpiPmTest, TimerCarry) {
    const std::uint64_t half = AcpiPm::Timer::time(1ull << 31);
    EXPECT_EQ(pm.deadline(), kNever);
    EXPECT_EQ(in(kStatus, 2, half - 1), 0u);
    EXPECT_EQ(in(kStatus, 2, half), kTimerBit);
    out(kStatus, kTimerBit, 2, half);
    EXPECT_EQ(in(kStatus, 2, half), 0u);
    out(kEnable, kTimerBit, 2, half);
    const std::uint64_t whole = AcpiPm::Timer::time(1ull << 32);
    EXPECT_EQ(pm.deadline(), whole);
    pm.run(whole - 1);
    EXPECT_FALSE(pm.sci());
    pm.run(whole);
    EXPECT_TRUE(pm.sci());
    EXPECT_EQ(pm.deadline(), kNever);
    out(kStatus, kTimerBit, 2, 100 * whole); // many are one
    EXPECT_FALSE(pm.sci());
    EXPECT_GT(pm.deadline(), 100 * whole);
}

TEST_F(AcpiPmTest, Reset) {
    out(kEnable, 0xffff);
    out(kControl, 0x1c02);
    pm.press_power_button();
    pm.reset();
    EXPECT_EQ(in(kStatus, 4), 0u);
    EXPECT_EQ(in(kControl), 1u);
    EXPECT_FALSE(pm.sci());
}

} // namespace
} // namespace vmm::device
