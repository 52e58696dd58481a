// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/apic/virtual_lapic.hpp"

#include "tests/unit/apic/virtual_lapic_fixture.hpp"

namespace vmm::test {
namespace {

TEST_F(VirtualLapicTest, PriorityDecidesWhatIsDelivered) {
    EXPECT_FALSE(lapic.deliverable());
    EXPECT_TRUE(lapic.accept(0x41, false));
    EXPECT_TRUE(lapic.accept(0x43, false));
    EXPECT_TRUE(lapic.accept(0x31, false));
    serve(0x43);
    EXPECT_FALSE(lapic.deliverable()); // 0x41 is of the same class
    EXPECT_EQ(*lapic.highest_pending(), 0x41);
    EXPECT_TRUE(lapic.accept(0x50, false));
    serve(0x50);
    EXPECT_EQ(read(Reg::ProcessorPriority), 0x50u);
    EXPECT_EQ(write(Reg::Eoi, 0), Kind::None);
    EXPECT_FALSE(lapic.deliverable());
    EXPECT_EQ(write(Reg::Eoi, 0), Kind::None);
    serve(0x41);
    lapic.set_task_priority(0x40);
    EXPECT_EQ(write(Reg::Eoi, 0), Kind::None);
    EXPECT_FALSE(lapic.deliverable());
    EXPECT_EQ(write(Reg::TaskPriority, 0x2f), Kind::None);
    EXPECT_EQ(read(Reg::ProcessorPriority), 0x2fu);
    serve(0x31);
    EXPECT_EQ(write(Reg::Eoi, 0), Kind::None);
    EXPECT_EQ(write(Reg::Eoi, 0), Kind::None); // with nothing in service
}

TEST_F(VirtualLapicTest, EoiOfALevelInterruptIsBroadcast) {
    lapic.accept(0x51, true);
    EXPECT_EQ(read(lapic_register_plus(Reg::Tmr0, 2)), 1u << 17);
    EXPECT_TRUE(lapic.level_pending().test(0x51));
    serve(0x51);
    EXPECT_TRUE(lapic.level_pending().test(0x51));
    const LapicEffect effect = lapic.write(Reg::Eoi, 0, 0);
    EXPECT_EQ(effect.kind, Kind::EoiBroadcast);
    EXPECT_EQ(effect.vector, 0x51);
    EXPECT_FALSE(lapic.level_pending().test(0x51));
    lapic.accept(0x51, false); // the mode is that of the last arrival
    serve(0x51);
    EXPECT_EQ(write(Reg::Eoi, 0), Kind::None);
}

TEST_F(VirtualLapicTest, SuppressedBroadcast) {
    VirtualLapic directed;
    setup(directed, 1, 0x01060015);
    directed.write(Reg::SpuriousVector, 0x11ff, 0);
    EXPECT_EQ(directed.read(Reg::SpuriousVector, 0).value, 0x11ffu);
    directed.accept(0x51, true);
    directed.acknowledge(0x51);
    EXPECT_EQ(directed.write(Reg::Eoi, 0, 0).kind, Kind::None);
    write(Reg::SpuriousVector, 0x11ff); // a CPU without the feature
    EXPECT_EQ(read(Reg::SpuriousVector), 0x1ffu);
}

TEST_F(VirtualLapicTest, IllegalVectorsAreErrors) {
    write(Reg::LvtError, 0xfe);
    for (unsigned vector = 0; vector < 16; vector++)
        EXPECT_FALSE(lapic.accept(static_cast<std::uint8_t>(vector), false));
    EXPECT_EQ(read(Reg::ErrorStatus), 0u); // not before a write
    write(Reg::ErrorStatus, 0);
    EXPECT_EQ(read(Reg::ErrorStatus), 0x40u);
    serve(0xfe);
    write(Reg::Eoi, 0);
    EXPECT_EQ(write(Reg::IcrLow, 0x0f), Kind::None);
    EXPECT_EQ(write(Reg::IcrLow, 0x0f), Kind::None);
    serve(0xfe); // once for several errors
    write(Reg::Eoi, 0);
    EXPECT_FALSE(lapic.deliverable());
    write(Reg::ErrorStatus, 0x123);
    EXPECT_EQ(read(Reg::ErrorStatus), 0x20u);
    write(Reg::ErrorStatus, 0);
    EXPECT_EQ(read(Reg::ErrorStatus), 0u);
}

TEST_F(VirtualLapicTest, IllegalErrorVectorEndsInAnError) {
    write(Reg::LvtError, 0x05);
    EXPECT_EQ(read(lapic_register_at(0x3f0)), 0u); // self-IPI does not exist in xAPIC mode
    write(Reg::ErrorStatus, 0);
    EXPECT_EQ(read(Reg::ErrorStatus), 0xc0u);
}

TEST_F(VirtualLapicTest, ReportedErrorsActLikeOwn) {
    write(Reg::LvtError, 0xfe);
    lapic.report_errors(0);
    EXPECT_FALSE(lapic.deliverable());
    lapic.report_errors(0x04);
    serve(0xfe);
    write(Reg::ErrorStatus, 0);
    EXPECT_EQ(read(Reg::ErrorStatus), 0x04u);
}

TEST_F(VirtualLapicTest, SoftDisableMasksAndRefusesButKeeps) {
    write(Reg::LvtTimer, 0xec);
    write(Reg::LvtLint1, 0x400);
    lapic.accept(0x41, false);
    lapic.inbox().post(0x42); // sent while it was enabled
    EXPECT_EQ(write(Reg::SpuriousVector, 0xff), Kind::PhysicalAll);
    EXPECT_FALSE(lapic.address().enabled);
    EXPECT_FALSE(lapic.accept(0x43, false));
    lapic.inbox().post(0x44);
    lapic.collect();
    EXPECT_EQ(read(lapic_register_plus(Reg::Irr0, 2)), 0b110u);
    EXPECT_EQ(*lapic.deliverable(), 0x42);
    EXPECT_EQ(read(Reg::LvtTimer), 0x100ecu);
    EXPECT_EQ(read(Reg::LvtLint1), 0x10400u);
    EXPECT_EQ(lapic.physical_value(Reg::LvtLint1), 0x10400u);
    write(Reg::LvtLint1, 0x400); // the mask cannot be removed
    EXPECT_EQ(read(Reg::LvtLint1), 0x10400u);
    EXPECT_EQ(write(Reg::SpuriousVector, 0x1ff), Kind::PhysicalAll);
    EXPECT_EQ(read(Reg::LvtLint1), 0x10400u);
    EXPECT_EQ(write(Reg::SpuriousVector, 0x1fe), Kind::None);
}

TEST_F(VirtualLapicTest, PostedVectorsShowInIrrReads) {
    lapic.inbox().post(0x42);
    EXPECT_EQ(read(lapic_register_plus(Reg::Irr0, 2)), 0b100u);
    lapic.inbox().post(0x05);
    lapic.collect();
    write(Reg::ErrorStatus, 0);
    EXPECT_EQ(read(Reg::ErrorStatus), 0x40u);
    lapic.accept(0x60, true);
    lapic.inbox().post(0x60);
    lapic.collect();
    EXPECT_FALSE(lapic.level_pending().test(0x60));
}

TEST_F(VirtualLapicTest, IcrWriteInXapicMode) {
    write(Reg::IcrHigh, 0x05abcdef);
    EXPECT_EQ(read(Reg::IcrHigh), 0x05000000u);
    const LapicEffect effect = lapic.write(Reg::IcrLow, 0x5041, 0);
    EXPECT_EQ(effect.kind, Kind::SendIpi);
    EXPECT_EQ(effect.ipi.destination, 5u);
    EXPECT_EQ(effect.ipi.vector, 0x41);
    EXPECT_EQ(read(Reg::IcrLow), 0x4041u);             // never pending
    EXPECT_EQ(write(Reg::IcrLow, 0x8500), Kind::None); // INIT de-assert
    EXPECT_EQ(write(Reg::IcrLow, 0xc500), Kind::SendIpi);
    EXPECT_EQ(write(Reg::IcrLow, 0x0400), Kind::SendIpi); // NMI, no vector needed
    EXPECT_EQ(write(Reg::IcrLow, 0x0608), Kind::SendIpi); // start-up, page 8
}

TEST_F(VirtualLapicTest, FixedIpisThatIncludeTheSender) {
    write(Reg::LogicalDestination, 0x08000000);
    const struct {
        std::uint32_t high, low;
        bool includes_self;
    } table[] = {{0x03000000, 0x41, true},  {0x04000000, 0x41, false},  {0xff000000, 0x41, true},
                 {0x0c000000, 0x841, true}, {0x04000000, 0x841, false}, {0, 0x80041, true},
                 {0, 0xc0041, false},       {0x03000000, 0x141, false}, // lowest priority: the caller arbitrates
                 {0x03000000, 0x441, false}};
    for (const auto &row : table) {
        write(Reg::IcrHigh, row.high);
        EXPECT_EQ(write(Reg::IcrLow, row.low), Kind::SendIpi);
        EXPECT_EQ(bool(lapic.deliverable()), row.includes_self) << std::hex << row.high << " " << row.low;
        if (row.includes_self) {
            serve(0x41);
            write(Reg::Eoi, 0);
        }
    }
}

TEST_F(VirtualLapicTest, SelfIpiNeedsNoSending) {
    EXPECT_EQ(write(Reg::IcrLow, 0x40041), Kind::None);
    serve(0x41);
    EXPECT_EQ(write(Reg::IcrLow, 0x40441), Kind::None); // NMI to oneself is not a valid combination
    enter_x2apic();
    EXPECT_EQ(write(Reg::SelfIpi, 0x51), Kind::None);
    serve(0x51);
    EXPECT_EQ(write(Reg::SelfIpi, 0x151), Kind::GeneralProtection);
    EXPECT_EQ(write(Reg::SelfIpi, 0x0f), Kind::None);
    write(Reg::ErrorStatus, 0);
    EXPECT_EQ(read(Reg::ErrorStatus), 0x20u);
}

TEST_F(VirtualLapicTest, X2apicMode) {
    write(Reg::LogicalDestination, 0x08000000);
    write(Reg::IcrHigh, 0x05000000);
    enter_x2apic();
    EXPECT_EQ(read(Reg::Id), 3u);
    EXPECT_EQ(read(Reg::LogicalDestination), 0x8u);
    EXPECT_EQ(read(Reg::IcrLow), 0u);
    const LapicEffect effect = lapic.write(Reg::IcrLow, 0x12345678'00000841, 0);
    EXPECT_EQ(effect.kind, Kind::SendIpi);
    EXPECT_TRUE(effect.ipi.logical);
    EXPECT_EQ(effect.ipi.destination, 0x12345678u);
    EXPECT_EQ(read(Reg::IcrLow), 0x12345678'00000841u);
    EXPECT_EQ(lapic.address().mode, LapicMode::X2apic);
}

TEST_F(VirtualLapicTest, X2apicFaults) {
    enter_x2apic();
    for (Reg reg : {Reg::Id, Reg::Version, Reg::ProcessorPriority, Reg::LogicalDestination, Reg::DestinationFormat,
                    Reg::Isr0, Reg::Tmr0, Reg::Irr0, Reg::IcrHigh, Reg::CurrentCount, Reg::ExtendedFeature})
        EXPECT_EQ(write(reg, 0), Kind::GeneralProtection) << std::hex << static_cast<int>(reg);
    for (Reg reg : {Reg::Eoi, Reg::SelfIpi, Reg::DestinationFormat, Reg::IcrHigh, Reg::ArbitrationPriority})
        EXPECT_TRUE(lapic.read(reg, 0).general_protection);
    EXPECT_EQ(write(Reg::Eoi, 1), Kind::GeneralProtection);
    EXPECT_EQ(write(Reg::ErrorStatus, 1), Kind::GeneralProtection);
    EXPECT_EQ(write(Reg::TaskPriority, 0x100), Kind::GeneralProtection);
    EXPECT_EQ(write(Reg::InitialCount, 1ull << 32), Kind::GeneralProtection);
    EXPECT_EQ(write(Reg::IcrLow, 0x1041), Kind::GeneralProtection);
    EXPECT_EQ(write(Reg::LvtTimer, 0x80000), Kind::GeneralProtection);
    EXPECT_EQ(write(Reg::LvtTimer, 0x110ec), Kind::TimerChanged); // delivery status may be written back
    write(Reg::SpuriousVector, 0x1ff);
    for (std::uint32_t msr = 0x854; msr <= kX2apicMsrLast; msr++) {
        EXPECT_TRUE(lapic.read(lapic_register_of_msr(msr), 0).general_protection);
        EXPECT_EQ(write(lapic_register_of_msr(msr), 0), Kind::GeneralProtection);
    }
}

TEST_F(VirtualLapicTest, TimerRaisesItsVector) {
    write(Reg::DivideConfiguration, 0xb);
    write(Reg::LvtTimer, 0xec);
    EXPECT_EQ(write(Reg::InitialCount, 100, 1000), Kind::TimerChanged);
    EXPECT_EQ(lapic.timer_deadline(), 3000u);
    EXPECT_EQ(read(Reg::CurrentCount, 2000), 50u);
    EXPECT_FALSE(lapic.expire_timer(2999));
    EXPECT_TRUE(lapic.expire_timer(3000));
    serve(0xec);
}

TEST_F(VirtualLapicTest, MaskedTimerRunsButNobodyHears) {
    write(Reg::DivideConfiguration, 0xb);
    write(Reg::LvtTimer, 0x100ec);
    write(Reg::InitialCount, 100, 0);
    EXPECT_EQ(lapic.timer_deadline(), ApicTimer::kNever);
    EXPECT_EQ(read(Reg::CurrentCount, 1000), 50u);
    EXPECT_EQ(write(Reg::LvtTimer, 0xec, 5000), Kind::TimerChanged); // it has expired under the mask
    EXPECT_EQ(lapic.timer_deadline(), ApicTimer::kNever);
    EXPECT_FALSE(lapic.deliverable());
}

TEST_F(VirtualLapicTest, DueExpiryIsNotLostInAWrite) {
    const auto arm = [&] {
        setup(lapic, 3);
        write(Reg::SpuriousVector, 0x1ff);
        write(Reg::DivideConfiguration, 0xb);
        write(Reg::LvtTimer, 0xec);
        write(Reg::InitialCount, 10, 0);
    };
    const struct {
        Reg reg;
        std::uint64_t value;
    } writes[] = {{Reg::InitialCount, 500},
                  {Reg::LvtTimer, 0x100ec},
                  {Reg::LvtTimer, 0x400ec},
                  {Reg::DivideConfiguration, 0},
                  {Reg::SpuriousVector, 0xff}};
    for (const auto &row : writes) {
        arm();
        write(row.reg, row.value, 10000);
        EXPECT_EQ(*lapic.deliverable(), 0xec) << std::hex << static_cast<int>(row.reg);
    }
    arm();
    lapic.write_tsc_deadline(1, 10000);
    EXPECT_EQ(*lapic.deliverable(), 0xec);
    arm();
    lapic.write_apic_base(0xfee00d00, 10000);
    EXPECT_EQ(*lapic.deliverable(), 0xec);
}

TEST_F(VirtualLapicTest, TscDeadlineMsr) {
    lapic.write_tsc_deadline(500, 0);
    EXPECT_EQ(lapic.read_tsc_deadline(0), 0u);
    write(Reg::LvtTimer, 0x400ec);
    EXPECT_EQ(lapic.write_tsc_deadline(500, 0).kind, Kind::TimerChanged);
    EXPECT_EQ(lapic.read_tsc_deadline(499), 500u);
    EXPECT_EQ(lapic.read_tsc_deadline(500), 0u);
    serve(0xec);
}

TEST_F(VirtualLapicTest, LowestPriorityArbitration) {
    VirtualLapic others[3];
    for (unsigned n = 0; n < 3; n++) {
        setup(others[n], 10 + n);
        others[n].write(Reg::LogicalDestination, 1u << (24 + n), 0);
        others[n].write(Reg::SpuriousVector, 0x1ff, 0);
    }
    VirtualLapic *const all[] = {&others[0], &others[1], &others[2]};
    Ipi ipi{};
    ipi.mode = DeliveryMode::LowestPriority;
    ipi.vector = 0x41;
    ipi.logical = true;
    ipi.destination = 0x6;
    EXPECT_EQ(lowest_priority(all, ipi, lapic), &others[1]);
    others[1].set_task_priority(0x20);
    EXPECT_EQ(lowest_priority(all, ipi, lapic), &others[2]);
    others[2].write(Reg::SpuriousVector, 0xff, 0);
    EXPECT_EQ(lowest_priority(all, ipi, lapic), &others[1]);
    ipi.destination = 0x8;
    EXPECT_EQ(lowest_priority(all, ipi, lapic), nullptr);
    ipi.shorthand = Shorthand::AllButSelf;
    EXPECT_EQ(lowest_priority(all, ipi, others[0]), &others[1]);
    EXPECT_TRUE(matches(others[2], ipi, others[0]));
}

} // namespace
} // namespace vmm::test
