// SPDX-License-Identifier: GPL-2.0-only
// INIT and start-up: SDM vol. 3, table 10-1 and 9.4.4.
#include "tests/unit/fakes/vmx_fixture.hpp"

namespace vmm::test {
namespace {

using namespace vmx;
namespace cr0 = x86::cr0;

class VmxResetTest : public VmxFixture {
  protected:
    VmxResetTest() {
        capture();
        rig_.cpu().console.gpr.fill(0x5555);
        for (SegmentIndex i : {SegmentIndex::Fs, SegmentIndex::Gs, SegmentIndex::Ldtr, SegmentIndex::Tr}) {
            set(field_of(VmcsField::GuestEsSelector, i), 0x33);
            set(field_of(VmcsField::GuestEsAccessRights, i), 0xf3);
            set(field_of(VmcsField::GuestEsLimit, i), 0x1234);
            set(field_of(VmcsField::GuestEsBase, i), 0xffff'8000'0000'0000);
        }
        for (VmcsField field : {VmcsField::GuestSysenterCs, VmcsField::GuestSysenterEsp, VmcsField::GuestSysenterEip})
            set(field, 0x7777);
        set(VmcsField::GuestPat, 0x0007'0106'0007'0406);
        set(VmcsField::GuestInterruptibility, 1);
        set(VmcsField::GuestActivity, 1);
        set(VmcsField::PendingDebugExceptions, pending_debug::SingleStep);
        vcpu().inject_nmi();
        vcpu().open_nmi_window();
        vcpu().offer_interrupt(0x61);
    }
};

void expect_segment(SegmentIndex i, std::uint16_t selector, std::uint64_t base, std::uint32_t rights) {
    EXPECT_EQ(vmx::vmread(field_of(VmcsField::GuestEsSelector, i)), selector);
    EXPECT_EQ(vmx::vmread(field_of(VmcsField::GuestEsBase, i)), base);
    EXPECT_EQ(vmx::vmread(field_of(VmcsField::GuestEsLimit, i)), 0xffffu);
    EXPECT_EQ(vmx::vmread(field_of(VmcsField::GuestEsAccessRights, i)), rights);
}

TEST_F(VmxResetTest, RegistersOfTheTable) {
    rig_.hardware().cr2 = 0x1234;
    rig_.hardware().dr6 = 0xffff4ff1;
    set(VmcsField::GuestCr0, field(VmcsField::GuestCr0) | cr0::CD | cr0::NW); // keep their values
    vcpu().reset();
    EXPECT_EQ(vcpu().cr0(), 0x6000'0010u);
    EXPECT_EQ(field(VmcsField::GuestCr0), 0x6000'0030u); // NE is the VMM's
    EXPECT_EQ(field(VmcsField::GuestCr3), 0u);
    EXPECT_EQ(vcpu().cr4(), 0u);
    EXPECT_EQ(field(VmcsField::GuestRflags), 2u);
    EXPECT_EQ(field(VmcsField::GuestRip), 0xfff0u);
    EXPECT_EQ(field(VmcsField::GuestDr7), 0x400u);
    EXPECT_EQ(rig_.hardware().dr6, 0xffff0ff0u);
    EXPECT_EQ(rig_.hardware().cr2, 0u);
    EXPECT_EQ(vcpu().guest_efer(), 0u);
    EXPECT_EQ(vcpu().cpl(), 0);
    EXPECT_FALSE(field(VmcsField::EntryControls) & entry_control::Ia32eModeGuest);
    expect_segment(SegmentIndex::Cs, 0xf000, 0xffff0000, 0x9b);
    for (SegmentIndex i : {SegmentIndex::Ss, SegmentIndex::Ds, SegmentIndex::Es, SegmentIndex::Fs, SegmentIndex::Gs})
        expect_segment(i, 0, 0, 0x93);
    expect_segment(SegmentIndex::Ldtr, 0, 0, 0x82);
    expect_segment(SegmentIndex::Tr, 0, 0, 0x8b);
    for (VmcsField base : {VmcsField::GuestGdtrBase, VmcsField::GuestIdtrBase})
        EXPECT_EQ(field(base), 0u);
    for (VmcsField limit : {VmcsField::GuestGdtrLimit, VmcsField::GuestIdtrLimit})
        EXPECT_EQ(field(limit), 0xffffu);
    EXPECT_EQ(vcpu().code_size(), CodeSize::Bits16);
    EXPECT_EQ(vcpu().instruction_address(CodeSize::Bits16), Gva(0xfffffff0));
    EXPECT_EQ(vcpu().entry_fault(), nullptr);
}

TEST_F(VmxResetTest, GeneralRegisters) {
    vcpu().reset();
    for (unsigned i = 0; i < 16; i++)
        EXPECT_EQ(rig_.cpu().console.gpr[i], i == 2 ? 0x00a20f10u : 0u) << i; // EDX: family, model, stepping
}

TEST_F(VmxResetTest, CacheBitsKeepTheirValues) {
    vcpu().reset();
    EXPECT_EQ(vcpu().cr0(), std::uint64_t{cr0::ET});
}

TEST_F(VmxResetTest, ModelSpecificRegistersAreKept) {
    rig_.hardware().msrs[x86::msr::Lstar] = 0x8888;
    vcpu().reset();
    EXPECT_EQ(field(VmcsField::GuestPat), 0x0007'0106'0007'0406u);
    EXPECT_EQ(field(VmcsField::GuestSysenterEip), 0x7777u);
    EXPECT_EQ(rig_.hardware().msrs[x86::msr::Lstar], 0x8888u);
}

// What was about to happen to the old self does not happen to the new one.
TEST_F(VmxResetTest, NothingWaits) {
    vcpu().reset();
    EXPECT_FALSE(vcpu().event_queued());
    EXPECT_FALSE(vcpu().has_offered());
    EXPECT_TRUE(vcpu().can_take_nmi());
    EXPECT_EQ(field(VmcsField::GuestInterruptibility), 0u);
    EXPECT_EQ(field(VmcsField::GuestActivity), 0u);
    EXPECT_EQ(field(VmcsField::PendingDebugExceptions), 0u);
    EXPECT_FALSE(field(VmcsField::ProcessorControls) & (processor::NmiWindow | processor::InterruptWindow));
    EXPECT_TRUE(state().flush); // CR0, CR3, CR4 and EFER changed
}

// Nothing but what the guest owns changes.
TEST_F(VmxResetTest, TheVmmsFieldsAreKept) {
    const auto before = vmcs_region(state().vmcs).fields;
    vcpu().reset();
    for (const auto &[which, value] : vmcs_region(state().vmcs).fields) {
        const auto type = encoding::TypeField::get(static_cast<std::uint32_t>(which));
        const bool changes = which == VmcsField::ProcessorControls || which == VmcsField::EntryControls ||
                             which == VmcsField::VmEntryInterruptionInfo || which == VmcsField::Cr0ReadShadow;
        if (type != encoding::Type::Guest && !changes) {
            EXPECT_EQ(value, before.at(which)) << std::hex << static_cast<std::uint32_t>(which);
        }
    }
}

TEST_F(VmxResetTest, StartUp) {
    vcpu().reset();
    vcpu().start_at(0x9a);
    expect_segment(SegmentIndex::Cs, 0x9a00, 0x9a000, 0x9b);
    EXPECT_EQ(field(VmcsField::GuestRip), 0u);
    EXPECT_EQ(vcpu().instruction_address(vcpu().code_size()), Gva(0x9a000));
    EXPECT_EQ(vcpu().entry_fault(), nullptr);
    vcpu().start_at(0xff);
    EXPECT_EQ(field(VmcsField::GuestCsBase), 0xff000u);
}

} // namespace
} // namespace vmm::test
