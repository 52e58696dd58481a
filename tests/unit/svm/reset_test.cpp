// SPDX-License-Identifier: GPL-2.0-only
// INIT and start-up: APM vol. 2, table 14-1 ("initial processor state"), 14.1.3 and 14.1.5.
#include "vmm/svm/vcpu.hpp"

#include "tests/unit/fakes/svm_fixture.hpp"

namespace vmm::test {
namespace {

using namespace svm;

class ResetTest : public SvmFixture {
  protected:
    ResetTest() {
        capture();
        rig_.cpu().console.gpr.fill(0x5555);
        SaveArea &save = vmcb().save;
        save.fs = save.gs = save.ldtr = save.tr = {0x33, 0xf3, 0x1234, 0xffff'8000'0000'0000};
        save.cpl = 3;
        save.kernel_gs_base = save.star = save.lstar = save.sysenter_eip = 0x7777;
        save.g_pat = 0x0007'0106'0007'0406;
        vmcb().control.interrupt_shadow = 1;
        vcpu().inject_nmi();
    }
};

void expect_segment(const Segment &segment, std::uint16_t selector, std::uint64_t base, std::uint32_t limit) {
    EXPECT_EQ(segment.selector, selector);
    EXPECT_EQ(segment.base, base);
    EXPECT_EQ(segment.limit, limit);
    EXPECT_TRUE(segment.attributes & attribute::Present);
    EXPECT_FALSE(segment.attributes & (attribute::Long | attribute::Default));
}

TEST_F(ResetTest, RegistersOfTable14) {
    vmcb().save.cr0 |= x86::cr0::CD | x86::cr0::NW; // keep their values
    vcpu().reset();
    const SaveArea &save = vmcb().save;
    EXPECT_EQ(save.cr0, 0x6000'0010u);
    EXPECT_EQ(save.cr2 | save.cr3 | save.cr4, 0u);
    EXPECT_EQ(save.rflags, 2u);
    EXPECT_EQ(save.rip, 0xfff0u);
    EXPECT_EQ(save.dr6, 0xffff0ff0u);
    EXPECT_EQ(save.dr7, 0x400u);
    EXPECT_EQ(vcpu().guest_efer(), 0u);
    EXPECT_EQ(save.cpl, 0);
    expect_segment(save.cs, 0xf000, 0xffff0000, 0xffff);
    for (const Segment *segment : {&save.ds, &save.es, &save.ss, &save.fs, &save.gs})
        expect_segment(*segment, 0, 0, 0xffff);
    for (const Segment *segment : {&save.ldtr, &save.tr})
        expect_segment(*segment, 0, 0, 0xffff);
    for (const Segment *table : {&save.gdtr, &save.idtr}) {
        EXPECT_EQ(table->base, 0u);
        EXPECT_EQ(table->limit, 0xffffu);
    }
    EXPECT_EQ(vcpu().code_size(), CodeSize::Bits16);
    EXPECT_EQ(vcpu().instruction_address(CodeSize::Bits16), Gva(0xfffffff0));
}

TEST_F(ResetTest, GeneralRegisters) {
    vcpu().reset();
    for (unsigned i = 0; i < 16; i++)
        EXPECT_EQ(rig_.cpu().console.gpr[i], i == 2 ? 0x00a20f10u : 0u) << i; // EDX: family, model, stepping
    EXPECT_EQ(vmcb().save.rsp, 0u);
}

TEST_F(ResetTest, CacheBitsKeepTheirValues) {
    vmcb().save.cr0 &= ~(x86::cr0::CD | x86::cr0::NW);
    vcpu().reset();
    EXPECT_EQ(vmcb().save.cr0, 0x10u);
}

TEST_F(ResetTest, ModelSpecificRegistersAreKept) {
    vcpu().reset();
    EXPECT_EQ(vmcb().save.g_pat, 0x0007'0106'0007'0406u);
    EXPECT_EQ(vmcb().save.star, 0x7777u);
    EXPECT_EQ(vmcb().save.kernel_gs_base, 0x7777u);
}

// What was about to happen to the old self does not happen to the new one.
TEST_F(ResetTest, NothingWaits) {
    vcpu().reset();
    EXPECT_FALSE(vcpu().event_queued());
    EXPECT_TRUE(vcpu().can_take_nmi());
    EXPECT_EQ(vmcb().control.interrupt_shadow, 0u);
    EXPECT_FALSE(vmcb().control.intercept3 & intercept::Iret);
    EXPECT_FALSE(vmcb().control.vintr & vintr::VIrq);
    EXPECT_TRUE(state().before_entry & State::kFlush); // CR0, CR3, CR4 and EFER changed
}

TEST_F(ResetTest, TheVmmsControlsAreKept) {
    const ControlArea before = vmcb().control;
    vcpu().reset();
    const ControlArea &after = vmcb().control;
    EXPECT_EQ(after.n_cr3, before.n_cr3);
    EXPECT_EQ(after.intercept4, before.intercept4);
    EXPECT_EQ(after.intercept_exceptions, before.intercept_exceptions);
    EXPECT_EQ(after.asid, before.asid);
    EXPECT_TRUE(after.vintr & vintr::VIntrMasking);
    EXPECT_EQ(vcpu().entry_fault(), nullptr);
}

TEST_F(ResetTest, StartUp) {
    vcpu().reset();
    vcpu().start_at(0x9a);
    expect_segment(vmcb().save.cs, 0x9a00, 0x9a000, 0xffff);
    EXPECT_EQ(vmcb().save.rip, 0u);
    EXPECT_EQ(vcpu().instruction_address(vcpu().code_size()), Gva(0x9a000));
    EXPECT_EQ(vcpu().entry_fault(), nullptr);
    vcpu().start_at(0xff);
    EXPECT_EQ(vmcb().save.cs.base, 0xff000u);
}

} // namespace
} // namespace vmm::test
