// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/apic/virtual_lapic.hpp"

#include <gtest/gtest.h>

namespace vmm {
namespace {

using Kind = LapicEffect::Kind;
using Reg = LapicRegister;

constinit VirtualLapic in_static_storage; // no constructor may run for it

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

TEST_F(VirtualLapicTest, PowerUpState) {
    lapic.reset_power_up();
    EXPECT_EQ(read(Reg::Id), 3u << 24);
    EXPECT_EQ(read(Reg::Version), 0x00060015u);
    EXPECT_EQ(read(Reg::SpuriousVector), 0xffu);
    EXPECT_EQ(read(Reg::DestinationFormat), 0xffffffffu);
    EXPECT_EQ(read(Reg::LogicalDestination), 0u);
    for (Reg lvt :
         {Reg::LvtCmci, Reg::LvtTimer, Reg::LvtThermal, Reg::LvtPmc, Reg::LvtLint0, Reg::LvtLint1, Reg::LvtError})
        EXPECT_EQ(read(lvt), 0x10000u);
    EXPECT_EQ(lapic.apic_base(), 0xfee00900u);
    EXPECT_EQ(in_static_storage.mode(), LapicMode::Disabled);
}

TEST_F(VirtualLapicTest, RefusesImpossibleClocks) {
    EXPECT_FALSE(in_static_storage.configure({}));
}

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

TEST_F(VirtualLapicTest, BaseTransitions) {
    constexpr std::uint64_t off = 0xfee00100, xapic = 0xfee00900, x2apic = 0xfee00d00, broken = 0xfee00500;
    const struct {
        std::uint64_t from, to;
        Kind kind;
    } table[] = {{xapic, xapic, Kind::None},
                 {xapic, x2apic, Kind::ModeChanged},
                 {xapic, off, Kind::ModeChanged},
                 {xapic, broken, Kind::GeneralProtection},
                 {x2apic, xapic, Kind::GeneralProtection},
                 {x2apic, x2apic, Kind::None},
                 {x2apic, off, Kind::ModeChanged},
                 {x2apic, broken, Kind::GeneralProtection},
                 {off, xapic, Kind::ModeChanged},
                 {off, x2apic, Kind::GeneralProtection},
                 {off, off, Kind::None},
                 {off, broken, Kind::GeneralProtection},
                 {xapic, xapic | 0x1000, Kind::GeneralProtection},
                 {xapic, xapic | 1, Kind::GeneralProtection},
                 {xapic, xapic | 0x200, Kind::GeneralProtection},
                 {xapic, xapic | 1ull << 52, Kind::GeneralProtection},
                 {xapic, xapic & ~0x100ull, Kind::None}}; // the bootstrap flag is read-only
    for (const auto &row : table) {
        setup(lapic, 3);
        lapic.write_apic_base(row.from, 0);
        ASSERT_EQ(lapic.apic_base(), row.from);
        EXPECT_EQ(lapic.write_apic_base(row.to, 0).kind, row.kind) << std::hex << row.from << " " << row.to;
        EXPECT_EQ(lapic.apic_base(), row.kind == Kind::ModeChanged ? row.to : row.from);
    }
}

TEST_F(VirtualLapicTest, DisablingForgetsEverything) {
    lapic.accept(0x41, false);
    write(Reg::LvtLint0, 0x700);
    lapic.write_apic_base(0xfee00100, 0);
    EXPECT_TRUE(lapic.read(Reg::Id, 0).general_protection);
    EXPECT_EQ(write(Reg::Eoi, 0), Kind::GeneralProtection);
    EXPECT_FALSE(lapic.accept(0x42, false));
    EXPECT_FALSE(lapic.deliverable());
    EXPECT_EQ(lapic.physical_value(Reg::LvtLint0), 0x10000u);
    lapic.write_apic_base(0xfee00900, 0);
    EXPECT_EQ(read(Reg::SpuriousVector), 0xffu);
    EXPECT_EQ(read(Reg::LvtLint0), 0x10000u);
}

TEST_F(VirtualLapicTest, InitKeepsIdAndBase) {
    enter_x2apic();
    lapic.accept(0x41, true);
    serve(0x41);
    lapic.inbox().post(0x42);
    write(Reg::LvtTimer, 0x400ec);
    lapic.write_tsc_deadline(1000, 0);
    lapic.reset_init();
    EXPECT_EQ(lapic.apic_base(), 0xfee00d00u);
    EXPECT_EQ(read(Reg::Id), 3u);
    EXPECT_EQ(lapic.in_service(), VectorSet());
    EXPECT_EQ(read(lapic_register_plus(Reg::Irr0, 2)), 0u);
    EXPECT_EQ(read(Reg::SpuriousVector), 0xffu);
    EXPECT_EQ(lapic.timer_deadline(), ApicTimer::kNever);
    lapic.reset_power_up();
    EXPECT_EQ(lapic.apic_base(), 0xfee00900u);
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

TEST_F(VirtualLapicTest, MirroredRegisters) {
    const LapicEffect ldr = lapic.write(Reg::LogicalDestination, 0x04ffffff, 0);
    EXPECT_EQ(ldr.kind, Kind::PhysicalWrite);
    EXPECT_EQ(ldr.physical.reg, Reg::LogicalDestination);
    EXPECT_EQ(ldr.physical.value, 0x04000000u);
    EXPECT_EQ(lapic.write(Reg::DestinationFormat, 0, 0).physical.value, 0x0fffffffu);
    EXPECT_FALSE(lapic.address().flat);
    EXPECT_EQ(lapic.address().logical_id, 4);
    EXPECT_EQ(lapic.write(Reg::LvtPmc, 0x400, 0).physical.value, 0x400u);
    lapic.note_physical_mask(Reg::LvtPmc);
    EXPECT_EQ(read(Reg::LvtPmc), 0x10400u);
}

TEST_F(VirtualLapicTest, DangerousLvtsStayMaskedInHardware) {
    for (unsigned mode = 0; mode < 8; mode++) {
        const LapicEffect effect = lapic.write(Reg::LvtLint0, 0x40 | mode << 8, 0);
        EXPECT_EQ(read(Reg::LvtLint0), 0x40 | mode << 8);
        EXPECT_EQ(effect.physical.value, mode == 0 || mode == 4 ? 0x40 | mode << 8 : 0x10000) << mode;
    }
    EXPECT_EQ(lapic.write(Reg::LvtLint0, 0x8040, 0).physical.value, 0x10000u); // level
    EXPECT_EQ(lapic.write(Reg::LvtThermal, 0x0f, 0).physical.value, 0x10000u); // illegal vector
    EXPECT_EQ(lapic.write(Reg::LvtThermal, 0x10500, 0).physical.value, 0x10500u);
}

LapicImage captured() {
    LapicImage image;
    image.apic_base = 0xfee00900;
    image[Reg::SpuriousVector] = 0x1ff;
    image[Reg::LogicalDestination] = 0x02000000;
    image[Reg::DestinationFormat] = 0xffffffff;
    image[Reg::TaskPriority] = 0x10;
    image[Reg::LvtTimer] = 0x200ec;
    image[Reg::LvtLint0] = 0x700;
    image[Reg::LvtLint1] = 0x10400;
    image[Reg::LvtThermal] = 0x200;
    image[Reg::LvtPmc] = 0x400;
    image[Reg::LvtError] = 0xfe;
    image[Reg::LvtCmci] = 0x100f9;
    image[Reg::InitialCount] = 1000;
    image[Reg::CurrentCount] = 400;
    image[Reg::DivideConfiguration] = 0xb;
    image[Reg::IcrHigh] = 0x01000000;
    image[Reg::IcrLow] = 0x40fd;
    image[lapic_register_plus(Reg::Isr0, 7)] = 1u << 12;
    image[lapic_register_plus(Reg::Irr0, 1)] = 1u << 17;
    image[lapic_register_plus(Reg::Tmr0, 1)] = 1u << 17;
    image[Reg::Irr0] = 0x7; // illegal vectors must not come in
    return image;
}

TEST_F(VirtualLapicTest, RestoreAndSaveAreInverse) {
    LapicImage image = captured();
    lapic.restore(image, 5000);
    EXPECT_EQ(lapic.timer_deadline(), 5000u + 400 * 20);
    EXPECT_EQ(read(Reg::ProcessorPriority), 0xe0u);
    EXPECT_FALSE(lapic.deliverable());
    EXPECT_EQ(write(Reg::Eoi, 0), Kind::None);
    EXPECT_EQ(*lapic.deliverable(), 0x31);

    lapic.restore(image, 5000);
    const LapicImage saved = lapic.save(5000);
    image[Reg::Irr0] = 0;
    image[Reg::Id] = 3u << 24;
    image[Reg::Version] = 0x00060015;
    image[Reg::ProcessorPriority] = 0xe0;
    image[Reg::ArbitrationPriority] = 0x30;
    EXPECT_EQ(saved.registers, image.registers);
    EXPECT_EQ(saved.apic_base, image.apic_base);
    lapic.restore(saved, 9000);
    EXPECT_EQ(lapic.save(9000).registers, image.registers);
}

TEST_F(VirtualLapicTest, WhatWasFoundOpenStaysOpen) {
    lapic.restore(captured(), 0);
    EXPECT_EQ(lapic.physical_value(Reg::LvtLint0), 0x700u);   // ExtINT
    EXPECT_EQ(lapic.physical_value(Reg::LvtThermal), 0x200u); // the firmware's SMI
    write(Reg::LvtLint0, 0x10700);
    EXPECT_EQ(lapic.write(Reg::LvtLint0, 0x700, 0).physical.value, 0x700u);
    EXPECT_EQ(lapic.write(Reg::LvtLint1, 0x700, 0).physical.value, 0x10000u); // only where it was found
    LapicImage closed = captured();
    closed[Reg::LvtLint0] = 0x10700;
    lapic.restore(closed, 0);
    EXPECT_EQ(lapic.write(Reg::LvtLint0, 0x700, 0).physical.value, 0x10000u); // and open
    lapic.restore(captured(), 0);
    EXPECT_EQ(lapic.write(Reg::LvtLint0, 0x200, 0).physical.value, 0x10000u); // and only the mode that was found
}

TEST_F(VirtualLapicTest, RestoreInX2apicModeAndDisabled) {
    LapicImage image = captured();
    image.apic_base = 0xfee00d00;
    image.tsc_deadline = 12345;
    image[Reg::LvtTimer] = 0x400ec;
    image[Reg::IcrHigh] = 0x12345678;
    lapic.restore(image, 5000);
    EXPECT_EQ(lapic.mode(), LapicMode::X2apic);
    EXPECT_EQ(read(Reg::IcrLow), 0x12345678'000040fdu);
    EXPECT_EQ(lapic.timer_deadline(), 12345u);
    EXPECT_EQ(lapic.save(5000).tsc_deadline, 12345u);
    image.apic_base = 0xfee00100;
    lapic.restore(image, 5000);
    EXPECT_EQ(lapic.mode(), LapicMode::Disabled);
    EXPECT_FALSE(lapic.deliverable());
    EXPECT_EQ(lapic.address().mode, LapicMode::Disabled);
}

TEST_F(VirtualLapicTest, RestoreForgetsWhatWasPosted) {
    lapic.inbox().post(0xf8);
    lapic.restore(captured(), 0);
    lapic.collect();
    EXPECT_FALSE(lapic.requested().test(0xf8));
}

TEST_F(VirtualLapicTest, SavedImageHasWhatWasDue) {
    lapic.restore(captured(), 0);
    lapic.inbox().post(0x80);
    const LapicImage saved = lapic.save(400 * 20);
    EXPECT_EQ(saved[lapic_register_plus(Reg::Irr0, 7)], 1u << 12); // the timer, 0xec
    EXPECT_EQ(saved[lapic_register_plus(Reg::Irr0, 4)], 1u);
    EXPECT_EQ(saved[Reg::CurrentCount], 1000u);
}

TEST_F(VirtualLapicTest, ExtendedSpace) {
    VirtualLapic amd;
    setup(amd, 1, 0x80050010);
    amd.write(Reg::SpuriousVector, 0x1ff, 0);
    EXPECT_EQ(amd.read(Reg::ExtendedFeature, 0).value, 0x00040004u);
    EXPECT_EQ(amd.write(Reg::ExtendedLvt1, 0xf9, 0).physical.value, 0xf9u);
    EXPECT_EQ(amd.read(Reg::ExtendedLvt1, 0).value, 0xf9u);
    EXPECT_EQ(amd.read(Reg::ExtendedLvt0, 0).value, 0x10000u);
    EXPECT_EQ(amd.write(Reg::SpecificEoi, 0x40, 0).kind, Kind::None);
    amd.write(Reg::ErrorStatus, 0, 0);
    EXPECT_EQ(amd.read(Reg::ErrorStatus, 0).value, 0x80u);
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
} // namespace vmm
