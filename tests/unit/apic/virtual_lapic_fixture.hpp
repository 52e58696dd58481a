// SPDX-License-Identifier: GPL-2.0-only
// A virtual LAPIC, enabled, with 20 TSC ticks to a clock of its timer.
#pragma once

#include "vmm/apic/virtual_lapic.hpp"

#include <gtest/gtest.h>

namespace vmm::test {

using Kind = LapicEffect::Kind;
using Reg = LapicRegister;

class VirtualLapicTest : public ::testing::Test {
  protected:
    VirtualLapicTest() {
        setup(lapic, 3);
        lapic.write(Reg::SpuriousVector, 0x1ff, 0);
    }
    static void setup(VirtualLapic &which, std::uint32_t id, std::uint32_t version = 0x00060015) {
        LapicConfig config;
        config.apic_id = id;
        config.version = version;
        config.extended_features = 0x00040007;
        config.x2apic = config.tsc_deadline = config.bootstrap = true;
        config.tsc_khz = 2000000;
        config.timer_khz = 100000; // 20 ticks per clock
        ASSERT_TRUE(which.configure(config));
    }
    void enter_x2apic() { ASSERT_EQ(lapic.write_apic_base(0xfee00d00, 0).kind, Kind::ModeChanged); }
    std::uint64_t read(Reg reg, std::uint64_t now = 0) { return lapic.read(reg, now).value; }
    Kind write(Reg reg, std::uint64_t value, std::uint64_t now = 0) { return lapic.write(reg, value, now).kind; }
    void serve(std::uint8_t vector) {
        ASSERT_EQ(*lapic.deliverable(), vector);
        lapic.acknowledge(vector);
    }

    VirtualLapic lapic;
};

} // namespace vmm::test
