// SPDX-License-Identifier: GPL-2.0-only
// From a running kernel's registers to a guest's control block, and back.
#include "vmm/svm/backend.hpp"

#include "tests/unit/fakes/svm_fixture.hpp"
#include "tests/unit/fakes/svm_run.hpp"
#include "vmm/svm/permission_maps.hpp"

namespace vmm::test {
namespace {

using namespace svm;

class BackendTest : public SvmFixture {
  protected:
    explicit BackendTest(const RigOptions &options = {}) : SvmFixture(options) {}
    vmnix_switch_state &linux_state() { return rig_.handover_cpu().state; }
    Result<> capture_result() { return kBackend.capture(rig_.cpu()); }
    std::string vmsave(Hpa area) { return "vmsave " + std::to_string(area.raw()); }
    std::string vmload(Hpa area) { return "vmload " + std::to_string(area.raw()); }
};

TEST_F(BackendTest, Controls) {
    const ControlArea &control = vmcb().control;
    for (std::uint32_t wanted : {intercept::Intr, intercept::Nmi, intercept::Init, intercept::Cpuid, intercept::Invd,
                                 intercept::Invlpga, intercept::Ioio, intercept::Msr, intercept::Shutdown})
        EXPECT_TRUE(control.intercept3 & wanted) << std::hex << wanted;
    for (std::uint32_t wanted : {intercept::Vmrun, intercept::Vmmcall, intercept::Vmload, intercept::Vmsave,
                                 intercept::Stgi, intercept::Clgi, intercept::Skinit, intercept::Xsetbv})
        EXPECT_TRUE(control.intercept4 & wanted) << std::hex << wanted;
    EXPECT_FALSE(control.intercept3 & intercept::Hlt);   // the console idles by itself
    EXPECT_EQ(control.intercept_cr, 1u << 8 | 1u << 24); // CR8 is the virtual APIC's
    EXPECT_EQ(control.intercept_exceptions, 1u << 1 | 1u << 17 | 1u << 18);
    EXPECT_EQ(control.nested_control & 1, 1u);
    EXPECT_EQ(control.n_cr3, g_shared.nested.unguarded().tables().root().raw());
    EXPECT_TRUE(control.vintr & vintr::VIntrMasking);
    EXPECT_EQ(control.tlb_control, TlbControl::FlushAll); // whatever ran under this ASID before
    EXPECT_NE(control.asid, 0u);
}

TEST_F(BackendTest, MapsAreTheVmms) {
    const auto arena = g_vmm.arena();
    EXPECT_TRUE(arena.contains(Hpa(vmcb().control.msrpm_base), kMsrMapPages * kPageSize));
    EXPECT_TRUE(arena.contains(Hpa(vmcb().control.iopm_base), kIoMapPages * kPageSize));
    EXPECT_TRUE(arena.contains(state().vmcb_pa) && arena.contains(state().hsave_pa));
    EXPECT_NE(state().vmcb_pa, state().host_vmcb_pa);
    const auto msrs = rig_.memory().bytes(vmcb().control.msrpm_base, kMsrMapPages * kPageSize);
    EXPECT_EQ(msrs[0x800 + 0x80 / 4] & std::byte{3}, std::byte{3}); // EFER
}

TEST_F(BackendTest, FeaturesOfTheCpu) {
    EXPECT_TRUE(state().has_next_rip && state().has_flush_by_asid);
    rig_.hardware().leaves[{0x8000000a, 0}].edx = 1; // QEMU's SVM
    ASSERT_TRUE(kBackend.prepare(rig_.cpu()));
    EXPECT_FALSE(state().has_next_rip || state().has_flush_by_asid);
}

TEST_F(BackendTest, CapturesTheKernel) {
    rig_.hardware().msrs[x86::msr::Pat] = 0x0007'0506'0007'0406;
    ASSERT_TRUE(capture_result());
    const SaveArea &save = vmcb().save;
    EXPECT_EQ(save.cr0, Guest::paging().cr0);
    EXPECT_EQ(save.cr2, 0xdead000u);
    EXPECT_EQ(save.cr3, Guest::paging().cr3);
    EXPECT_EQ(save.cr4, Guest::paging().cr4);
    EXPECT_EQ(save.efer, Guest::paging().efer | x86::efer::SVME);
    EXPECT_EQ(save.rip, kStubResume);
    EXPECT_EQ(save.rsp, Guest::kBuffer + 0x1000);
    EXPECT_EQ(save.rflags, 2u); // interrupts stay off until the stub restores its flags
    EXPECT_EQ(save.cpl, 0);
    EXPECT_EQ(save.dr7, 0x400u);
    EXPECT_EQ(save.cs.attributes, 0xa9b);
    EXPECT_EQ(save.ss.attributes, 0xc93);
    EXPECT_EQ(save.ds.attributes, 0); // a null selector
    EXPECT_EQ(save.gdtr.base, Guest::kGdt);
    EXPECT_EQ(save.gdtr.limit, 0x7fu);
    EXPECT_EQ(save.idtr.limit, 0xfffu);
    EXPECT_EQ(save.g_pat, 0x0007'0506'0007'0406u);
    EXPECT_EQ(vcpu().entry_fault(), nullptr);
}

// FS, GS, TR, LDTR and the system-call MSRs are saved while they are the console's; TR is the VMM's in its own block.
TEST_F(BackendTest, HiddenStateInOrder) {
    rig_.hardware().trace.clear();
    ASSERT_TRUE(capture_result());
    EXPECT_EQ(rig_.hardware().trace,
              (std::vector<std::string>{vmsave(state().vmcb_pa), "ltr", vmsave(state().host_vmcb_pa)}));
    EXPECT_EQ(rig_.hardware().msrs[x86::msr::VmHsavePa], state().hsave_pa.raw());
    EXPECT_EQ(rig_.hardware().msrs[x86::msr::Pat], kVmmPat);
}

TEST_F(BackendTest, ReleaseUndoesCapture) {
    const auto before = rig_.hardware().msrs;
    ASSERT_TRUE(capture_result());
    rig_.hardware().trace.clear();
    kBackend.release(rig_.cpu());
    EXPECT_EQ(rig_.hardware().msrs[x86::msr::Pat], before.at(x86::msr::Pat));
    EXPECT_EQ(rig_.hardware().msrs[x86::msr::VmHsavePa], 0u);
    EXPECT_EQ(rig_.hardware().trace, std::vector{vmload(state().vmcb_pa)});
    kBackend.release(rig_.cpu()); // twice, or without a capture: nothing
    EXPECT_EQ(rig_.hardware().trace.size(), 1u);
}

TEST_F(BackendTest, ReleaseBeforeCaptureTouchesNothing) {
    rig_.hardware().trace.clear();
    const auto writes = rig_.hardware().msr_writes.size();
    kBackend.release(rig_.cpu());
    EXPECT_TRUE(rig_.hardware().trace.empty());
    EXPECT_EQ(rig_.hardware().msr_writes.size(), writes);
}

TEST_F(BackendTest, DescriptorTableOutOfReach) {
    linux_state().gdtr_base = 0xffff'c000'0000'0000; // not mapped
    EXPECT_EQ(capture_result().error(), Errc::NotPresent);
    linux_state().gdtr_base = Guest::kIsland + kPageSize - 0x14; // the descriptor crosses into a page that is not there
    EXPECT_EQ(capture_result().error(), Errc::NotPresent);
}

TEST_F(BackendTest, StateThatVmrunRefuses) {
    linux_state().cr0 |= x86::cr0::NW;
    EXPECT_EQ(capture_result().error(), Errc::Invalid);
    kBackend.release(rig_.cpu()); // as the launch does then
    EXPECT_EQ(rig_.hardware().msrs[x86::msr::VmHsavePa], 0u);
}

// Interrupts are on while the guest runs (15.21.2), with the guest's hidden state loaded before.
TEST_F(BackendTest, Runs) {
    ASSERT_TRUE(capture_result());
    rig_.hardware().trace.clear();
    bool ran = false;
    g_guest = [&](Cpu &cpu) {
        ran = &cpu == &rig_.cpu();
        EXPECT_EQ(rig_.hardware().trace, (std::vector<std::string>{vmload(state().vmcb_pa), "sti"}));
    };
    kBackend.run(rig_.cpu());
    g_guest = [](Cpu &) {};
    EXPECT_TRUE(ran);
    EXPECT_EQ(state().before_entry, 0);
}

TEST_F(BackendTest, GivesBackWhatTheGuestHas) {
    ASSERT_TRUE(capture_result());
    vcpu().enter_host_context(); // as the hypercall that leaves did
    SaveArea &save = vmcb().save;
    save.cr0 |= x86::cr0::TS;
    save.cr2 = 0x1234;
    save.cr3 = 0x77000;
    save.cr4 |= x86::cr4::PGE;
    save.rsp = 0x8888;
    save.dr7 = 0x455;
    save.gdtr = {0, 0, 0x3ff, 0xffff'fe00'0000'0000};
    save.idtr = {0, 0, 0x7ff, 0xffff'fe01'0000'0000};
    save.cs.selector = 0x10;
    save.ds.selector = save.es.selector = 0x2b;
    save.efer |= x86::efer::NXE;
    save.g_pat = 0x0107'0406'0007'0406;
    kBackend.give_back(rig_.cpu());
    const vmnix_switch_state &to = linux_state();
    EXPECT_EQ(to.cr0, save.cr0);
    EXPECT_EQ(to.cr2, 0x1234u);
    EXPECT_EQ(to.cr3, 0x77000u);
    EXPECT_EQ(to.cr4, save.cr4);
    EXPECT_EQ(to.rsp, 0x8888u);
    EXPECT_EQ(to.dr7, 0x455u);
    EXPECT_EQ(to.gdtr_limit, 0x3ff);
    EXPECT_EQ(to.gdtr_base, 0xffff'fe00'0000'0000u);
    EXPECT_EQ(to.idtr_base, 0xffff'fe01'0000'0000u);
    EXPECT_EQ(to.ds, 0x2b);
    auto &msrs = rig_.hardware().msrs;
    EXPECT_EQ(msrs[x86::msr::Pat], 0x0107'0406'0007'0406u);
    EXPECT_EQ(msrs[x86::msr::Efer], save.efer); // SVME until the module has released the CPU
    EXPECT_TRUE(msrs[x86::msr::Efer] & x86::efer::SVME);
    EXPECT_EQ(rig_.hardware().trace.back(), vmload(state().vmcb_pa));
}

TEST_F(BackendTest, ChosenByCpuid) {
    EXPECT_EQ(choose_backend(), &kBackend);
    rig_.hardware().leaves[{0x80000001, 0}].ecx = 0;
    EXPECT_EQ(choose_backend(), nullptr);
}

} // namespace
} // namespace vmm::test
