// SPDX-License-Identifier: GPL-2.0-only
// What svm_exit does around every handler: events that an exit cut short, flushes, hidden state, rAX and rSP.
#include "tests/unit/fakes/svm_fixture.hpp"

namespace vmm::test {
namespace {

using namespace svm;
using x86::Gpr;

class EntryTest : public SvmFixture {
  protected:
    EntryTest() { capture(); }
    std::uint64_t queued() { return vmcb().control.event_inj; }
    void quiet_exit() { EXPECT_FALSE(exit(ExitCode::Init)); }
    std::string vmload_guest() { return "vmload " + std::to_string(state().vmcb_pa.raw()); }
};

TEST_F(EntryTest, WhatWasInjectedIsNotInjectedAgain) {
    vmcb().control.event_inj = 0x8000'00ec;
    quiet_exit();
    EXPECT_EQ(queued(), 0u);
}

// 15.20: EXITINTINFO goes back into EVENTINJ as it is.
TEST_F(EntryTest, InterruptedEventsAreDeliveredAgain) {
    for (std::uint64_t event : {0x8000'00ecull, 0x8000'0202ull, 0x1234'8000'0b0eull, 0x8000'0303ull}) {
        vmcb().control.exit_int_info = event;
        quiet_exit();
        EXPECT_EQ(queued(), event) << std::hex << event;
    }
}

TEST_F(EntryTest, SoftwareInterruptsRepeatThemselves) {
    vmcb().control.exit_int_info = 0x8000'0480;
    quiet_exit();
    EXPECT_EQ(queued(), 0u);
}

TEST_F(EntryTest, InvalidInterruptInformationIsNone) {
    vmcb().control.exit_int_info = 0x0000'00ec;
    quiet_exit();
    EXPECT_EQ(queued(), 0u);
}

// A fault while an exception was delivered: 8.2.9.
TEST_F(EntryTest, FaultDuringDeliveryBecomesDoubleFault) {
    vmcb().control.exit_int_info = 0x1234'8000'0b0e; // #PF
    EXPECT_FALSE(exit(ExitCode::Npf, npf::Write | npf::Present | npf::FinalTranslation, Rig::kArena.begin.raw()));
    EXPECT_EQ(queued(), 0x8000'0b08u);
}

// An event under way is requeued, an interrupt of the virtual APIC is offered beside it, and nothing is lost.
TEST_F(EntryTest, EventUnderWayAndInterrupt) {
    rig_.cpu().console.lapic.accept(0x41, false);
    vmcb().control.exit_int_info = 0x8000'00ec;
    quiet_exit();
    EXPECT_EQ(queued(), 0x8000'00ecu);
    EXPECT_EQ(vcpu().state().offered, 0x41);
    EXPECT_FALSE(rig_.cpu().console.lapic.in_service().test(0x41));
    vmcb().control.exit_int_info = 0;
    vmcb().control.vintr &= ~vintr::VIrq;
    quiet_exit();
    EXPECT_EQ(queued(), 0u);
    EXPECT_TRUE(rig_.cpu().console.lapic.in_service().test(0x41));
}

TEST_F(EntryTest, InterruptCutShortIsRequeued) {
    rig_.cpu().console.lapic.accept(0x41, false);
    quiet_exit();
    vmcb().control.exit_int_info = 0x8000'0341; // as emulators say it
    quiet_exit();
    EXPECT_EQ(queued(), 0x8000'0041u);
    EXPECT_TRUE(rig_.cpu().console.lapic.in_service().test(0x41));
    EXPECT_FALSE(vmcb().control.vintr & vintr::VIrq);
}

TEST_F(EntryTest, FlushesOnRequestAndOnlyThen) {
    vmcb().control.tlb_control = TlbControl::FlushAll; // of the first entry
    quiet_exit();
    EXPECT_EQ(vmcb().control.tlb_control, TlbControl::Nothing);
    rig_.cpu().console.mailbox.post(Mail::Flush);
    quiet_exit();
    EXPECT_EQ(vmcb().control.tlb_control, TlbControl::FlushThisAsid);
    quiet_exit();
    EXPECT_EQ(vmcb().control.tlb_control, TlbControl::Nothing);
    state().has_flush_by_asid = false;
    rig_.cpu().console.mailbox.post(Mail::Flush);
    quiet_exit();
    EXPECT_EQ(vmcb().control.tlb_control, TlbControl::FlushAll);
}

// Rare handlers run on the VMM's hidden state; the guest's is back before it runs.
TEST_F(EntryTest, HiddenStateIsBackBeforeTheEntry) {
    quiet_exit();
    ASSERT_FALSE(rig_.hardware().trace.empty());
    EXPECT_EQ(rig_.hardware().trace.back(), vmload_guest());
    EXPECT_EQ(state().before_entry, 0);
    rig_.hardware().trace.clear();
    vmcb().save.rax = 0x40000000;
    vmcb().control.next_rip = vmcb().save.rip + 2;
    EXPECT_FALSE(exit(ExitCode::Cpuid)); // hot: needs none of it
    EXPECT_TRUE(rig_.hardware().trace.empty());
}

TEST_F(EntryTest, RaxAndRspTravelInTheBlock) {
    vmcb().save.rax = 0x1111;
    vmcb().save.rsp = 0x2222;
    quiet_exit();
    EXPECT_EQ(gpr(Gpr::Rax), 0x1111u);
    EXPECT_EQ(gpr(Gpr::Rsp), 0x2222u);
    gpr(Gpr::Rsp) = 0; // overwritten by the next exit's
    vmcb().save.rsp = 0x3333;
    quiet_exit();
    EXPECT_EQ(vmcb().save.rsp, 0x3333u);
    EXPECT_EQ(vmcb().save.rax, 0x1111u);
}

TEST_F(EntryTest, InitThroughTheMailbox) {
    rig_.cpu().console.mailbox.post(Mail::Init);
    rig_.cpu().console.mailbox.sipi_vector = 0x12;
    rig_.cpu().console.mailbox.post(Mail::Sipi);
    gpr(Gpr::Rbx) = 5;
    quiet_exit();
    EXPECT_EQ(vmcb().save.cs.base, 0x12000u);
    EXPECT_EQ(vmcb().save.rip, 0u);
    EXPECT_EQ(gpr(Gpr::Rbx), 0u);
    EXPECT_EQ(vmcb().save.rsp, 0u);
    EXPECT_EQ(vmcb().control.tlb_control, TlbControl::FlushThisAsid);
    EXPECT_EQ(rig_.hardware().trace.back(), vmload_guest());
}

using EntryDeathTest = EntryTest;

// The assertion build's oracles can fail.
TEST_F(EntryDeathTest, BrokenBlocksAreFound) {
    vmcb().control.asid = 0;
    EXPECT_DEATH(quiet_exit(), "panic: ASID is 0");
}

TEST_F(EntryDeathTest, MissingFlushesAreFound) {
    quiet_exit();
    quiet_exit();
    EXPECT_DEATH(
        {
            g_vmm.nested_generation++;
            quiet_exit();
        },
        "panic: the nested tables were changed without a flush");
}

} // namespace
} // namespace vmm::test
