// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/apic/registers.hpp"

#include <gtest/gtest.h>

namespace vmm {
namespace {

// SDM volume 3, table "Local APIC Register Address Map Supported by x2APIC".
static_assert(x2apic_msr_of(LapicRegister::Id) == 0x802);
static_assert(x2apic_msr_of(LapicRegister::Eoi) == 0x80b);
static_assert(x2apic_msr_of(LapicRegister::Irr0) == 0x820);
static_assert(x2apic_msr_of(LapicRegister::LvtCmci) == 0x82f);
static_assert(x2apic_msr_of(LapicRegister::IcrLow) == 0x830);
static_assert(x2apic_msr_of(LapicRegister::SelfIpi) == 0x83f);
static_assert(x2apic_msr_of(LapicRegister::ExtendedLvt3) == 0x853);

TEST(Registers, EveryMsrComesBack) {
    for (std::uint32_t msr = kX2apicMsrFirst; msr <= kX2apicMsrLast; msr++)
        EXPECT_EQ(x2apic_msr_of(lapic_register_of_msr(msr)), msr);
}

TEST(Registers, OffsetsSelectTheRegisterAroundThem) {
    EXPECT_EQ(lapic_register_at(0x0b0), LapicRegister::Eoi);
    EXPECT_EQ(lapic_register_at(0x0bc), LapicRegister::Eoi);
    EXPECT_EQ(lapic_register_at(0xfee000b0), LapicRegister::Eoi);
    EXPECT_EQ(lapic_register_plus(LapicRegister::Isr0, 7), lapic_register_at(0x170));
}

TEST(Registers, EntryFieldsDoNotOverlap) {
    using namespace ioapic;
    const std::uint64_t fields[] = {
        Vector::mask,     Mode::mask,   Logical::mask,   Pending::mask,    ActiveLow::mask,
        Level::mask,      Masked::mask, RemoteIrr::mask, Remappable::mask, ExtendedDestination::mask,
        Destination::mask};
    std::uint64_t seen = 0;
    for (std::uint64_t field : fields) {
        EXPECT_EQ(seen & field, 0u);
        seen |= field;
    }
    EXPECT_EQ(seen, 0xffff00000001ffff);
}

} // namespace
} // namespace vmm
