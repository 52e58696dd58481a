// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/apic/virtual_lapic.hpp"

#include "tests/unit/apic/virtual_lapic_fixture.hpp"

namespace vmm::test {
namespace {

constinit VirtualLapic in_static_storage; // no constructor may run for it

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

TEST_F(VirtualLapicTest, MirroredRegisters) {
    const LapicEffect ldr = lapic.write(Reg::LogicalDestination, 0x04ffffff, 0);
    EXPECT_EQ(ldr.kind, Kind::PhysicalWrite);
    EXPECT_EQ(ldr.physical.reg, Reg::LogicalDestination);
    EXPECT_EQ(ldr.physical.value, 0x04000000u);
    EXPECT_EQ(lapic.write(Reg::DestinationFormat, 0, 0).physical.value, 0x0fffffffu);
    EXPECT_FALSE(lapic.address().flat);
    EXPECT_EQ(lapic.address().logical_id, 4);
    EXPECT_EQ(lapic.write(Reg::LvtPmc, 0x400, 0).physical.value, 0x400u);
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

} // namespace
} // namespace vmm::test
