// SPDX-License-Identifier: GPL-2.0-only
// From a running kernel's registers to a guest's VMCS, and back.
#include "vmm/vmx/backend.hpp"

#include "tests/unit/fakes/svm_run.hpp"
#include "tests/unit/fakes/vmx_fixture.hpp"
#include "tests/unit/fakes/vmx_run.hpp"
#include "vmm/vmx/permission_maps.hpp"
#include "vmm/vmx/snapshot.hpp"

namespace vmm::test {
namespace {

using namespace vmx;

class VmxBackendTest : public VmxFixture {
  protected:
    explicit VmxBackendTest(const RigOptions &options = {}) : VmxFixture(options) {}
    void watch_bus_locks() { rig_.hardware().leaves[{7, 0}].ecx |= 1u << 24; } // as Linux does where it can
    vmnix_switch_state &linux_state() { return rig_.handover_cpu().state; }
    Result<> capture_result() { return kBackend.capture(rig_.cpu()); }
    Left give_back() {
        try {
            kBackend.give_back(rig_.cpu());
        } catch (const Left &left) {
            return left;
        }
        return {};
    }
};

TEST_F(VmxBackendTest, Controls) {
    capture();
    const std::uint64_t processor = field(VmcsField::ProcessorControls);
    for (std::uint32_t wanted :
         {processor::MsrBitmaps, processor::IoBitmaps, processor::Secondary, processor::Cr8Load, processor::Cr8Store})
        EXPECT_TRUE(processor & wanted) << std::hex << wanted;
    for (std::uint32_t unwanted : {processor::Hlt, processor::Mwait, processor::InterruptWindow, processor::NmiWindow,
                                   processor::Cr3Load, processor::Cr3Store, processor::MovDr, processor::Rdtsc})
        EXPECT_FALSE(processor & unwanted) << std::hex << unwanted;
    EXPECT_EQ(field(VmcsField::ExceptionBitmap), 1u << 1 | 1u << 17 | 1u << 18);
    EXPECT_EQ(field(VmcsField::Vpid), kConsoleVpid);
    EXPECT_EQ(field(VmcsField::EptPointer), state().ept_pointer);
    EXPECT_EQ(field(VmcsField::EptPointer) & ~0xfffull, g_shared.nested.unguarded().tables().root().raw());
    EXPECT_EQ(field(VmcsField::Cr4GuestHostMask), x86::cr4::VMXE);
    EXPECT_EQ(field(VmcsField::Cr0GuestHostMask), x86::cr0::NE);
}

TEST_F(VmxBackendTest, MapsAreTheVmms) {
    capture();
    const auto arena = g_vmm.arena();
    EXPECT_TRUE(arena.contains(Hpa(field(VmcsField::MsrBitmap)), kMsrMapPages * kPageSize));
    EXPECT_TRUE(arena.contains(Hpa(field(VmcsField::IoBitmapA)), kIoMapPages * kPageSize));
    EXPECT_EQ(field(VmcsField::IoBitmapB), field(VmcsField::IoBitmapA) + kPageSize);
    EXPECT_TRUE(arena.contains(state().vmcs));
    EXPECT_NE(state().vmcs, g_shared.vmxon_regions[0]);
}

// What an entry reads has been written: a region holds anything before. 25.11.3.
TEST_F(VmxBackendTest, EveryFieldOfAnEntryIsWritten) {
    capture();
    const auto &fields = vmcs_region(state().vmcs).fields;
    const std::set<VmcsField> conditional{VmcsField::TprThreshold,
                                          VmcsField::VirtualApicPageAddress,
                                          VmcsField::ApicAccessAddress,
                                          VmcsField::PmlAddress,
                                          VmcsField::PostedInterruptVector,
                                          VmcsField::PostedInterruptDescriptor,
                                          VmcsField::TscMultiplier,
                                          VmcsField::VmExitMsrStoreAddress,
                                          VmcsField::VmExitMsrLoadAddress,
                                          VmcsField::VmEntryMsrLoadAddress,
                                          VmcsField::VmEntryExceptionErrorCode,
                                          VmcsField::VmEntryInstructionLength,
                                          VmcsField::GuestPdpte0,
                                          VmcsField::GuestPdpte1,
                                          VmcsField::GuestPdpte2,
                                          VmcsField::GuestPdpte3};
    for (const VmcsPlace &place : kVmcsPlaces)
        EXPECT_TRUE(fields.contains(place.field) || conditional.contains(place.field))
            << std::hex << static_cast<std::uint32_t>(place.field);
    for (std::uint8_t i = 0; i < 8; i++)
        for (VmcsField first : {VmcsField::GuestEsSelector, VmcsField::GuestEsLimit, VmcsField::GuestEsAccessRights,
                                VmcsField::GuestEsBase})
            EXPECT_TRUE(fields.contains(field_of(first, SegmentIndex{i})));
    for (VmcsField other : {VmcsField::GuestSysenterCs, VmcsField::HostSysenterCs, VmcsField::Cr0GuestHostMask,
                            VmcsField::Cr4GuestHostMask, VmcsField::Cr0ReadShadow, VmcsField::Cr4ReadShadow,
                            VmcsField::PageFaultErrorMask, VmcsField::PageFaultErrorMatch})
        EXPECT_TRUE(fields.contains(other)) << std::hex << static_cast<std::uint32_t>(other);
}

TEST_F(VmxBackendTest, CapturesTheKernel) {
    rig_.hardware().msrs[x86::msr::Pat] = 0x0007'0506'0007'0406;
    watch_bus_locks();
    rig_.hardware().msrs[x86::msr::DebugCtl] = 4;
    rig_.hardware().msrs[x86::msr::GsBase] = 0xffff'8880'0000'0000;
    ASSERT_TRUE(capture_result());
    EXPECT_TRUE(rig_.hardware().cr4 & x86::cr4::VMXE);
    EXPECT_EQ(vcpu().cr0(), Guest::paging().cr0);
    EXPECT_EQ(rig_.hardware().cr2, 0xdead000u);
    EXPECT_EQ(field(VmcsField::GuestCr3), Guest::paging().cr3);
    EXPECT_EQ(vcpu().cr4(), Guest::paging().cr4);
    EXPECT_EQ(field(VmcsField::GuestEfer), Guest::paging().efer);
    EXPECT_EQ(field(VmcsField::GuestRip), kStubResume);
    EXPECT_EQ(field(VmcsField::GuestRsp), Guest::kBuffer + 0x1000);
    EXPECT_EQ(field(VmcsField::GuestRflags), 2u); // interrupts stay off until the stub restores its flags
    EXPECT_EQ(field(VmcsField::GuestDr7), 0x400u);
    EXPECT_EQ(field(VmcsField::GuestDebugCtl), 4u);
    EXPECT_EQ(field(VmcsField::GuestCsAccessRights), 0xa09bu);
    EXPECT_EQ(field(VmcsField::GuestSsAccessRights), 0xc093u);
    EXPECT_TRUE(field(VmcsField::GuestDsAccessRights) & access_rights::Unusable); // a null selector
    EXPECT_EQ(field(VmcsField::GuestTrSelector), kTr);
    EXPECT_EQ(field(VmcsField::GuestTrAccessRights), 0x8bu);
    EXPECT_EQ(field(VmcsField::GuestTrLimit), 0x206fu);
    EXPECT_EQ(field(VmcsField::GuestTrBase), 0x5000u);
    EXPECT_EQ(field(VmcsField::GuestGsBase), 0xffff'8880'0000'0000u);
    EXPECT_EQ(field(VmcsField::GuestGdtrBase), Guest::kGdt);
    EXPECT_EQ(field(VmcsField::GuestGdtrLimit), 0x7fu);
    EXPECT_EQ(field(VmcsField::GuestIdtrLimit), 0xfffu);
    EXPECT_EQ(field(VmcsField::GuestPat), 0x0007'0506'0007'0406u);
    EXPECT_EQ(rig_.hardware().msrs[x86::msr::Pat], kVmmPat);
    EXPECT_TRUE(field(VmcsField::EntryControls) & entry_control::Ia32eModeGuest);
    EXPECT_TRUE(state().flush); // whatever ran under this VPID before
    EXPECT_EQ(vcpu().entry_fault(), nullptr);
}

TEST_F(VmxBackendTest, ReleaseUndoesCapture) {
    const auto before = rig_.hardware().msrs;
    const std::uint64_t cr4 = rig_.hardware().cr4;
    ASSERT_TRUE(capture_result());
    kBackend.release(rig_.cpu());
    EXPECT_EQ(rig_.hardware().msrs[x86::msr::Pat], before.at(x86::msr::Pat));
    EXPECT_EQ(rig_.hardware().cr4, cr4);
    EXPECT_FALSE(rig_.hardware().vmxon_region.has_value());
    EXPECT_EQ(vmcs_region(state().vmcs).active_on, nullptr);
    kBackend.release(rig_.cpu()); // twice, or without a capture: nothing
    ASSERT_TRUE(capture_result());
}

TEST_F(VmxBackendTest, DescriptorTableOutOfReach) {
    linux_state().gdtr_base = 0xffff'c000'0000'0000; // not mapped
    EXPECT_EQ(capture_result().error(), Errc::NotPresent);
    kBackend.release(rig_.cpu());
    EXPECT_FALSE(rig_.hardware().vmxon_region.has_value());
}

TEST_F(VmxBackendTest, StateThatAnEntryRefuses) {
    linux_state().tr = 0;
    EXPECT_EQ(capture_result().error(), Errc::Invalid);
    kBackend.release(rig_.cpu()); // as the launch does then
    EXPECT_FALSE(rig_.hardware().cr4 & x86::cr4::VMXE);
    linux_state().tr = kTr;
    ASSERT_TRUE(capture_result());
}

TEST_F(VmxBackendTest, CpuThatLacksSomething) {
    const std::uint64_t kUnrestricted = std::uint64_t{secondary::UnrestrictedGuest} << 32;
    rig_.hardware().msrs[vmx::msr::SecondaryControls] &= ~kUnrestricted;
    EXPECT_EQ(kBackend.init(g_vmm).error(), Errc::Unsupported);
    EXPECT_NE(rig_.log().find("lacks unrestricted guest"), std::string::npos);
}

// The exit loop knows where its stack is only when it runs. What an earlier launch left in the TLB is flushed before
// the first entry.
TEST_F(VmxBackendTest, Runs) {
    ASSERT_TRUE(capture_result());
    bool ran = false;
    g_guest = [&](Cpu &cpu) {
        ran = &cpu == &rig_.cpu();
        EXPECT_EQ(field(VmcsField::HostRsp), kHostRsp);
        EXPECT_EQ(field(VmcsField::GuestRsp), Guest::kBuffer + 0x1000);
        const std::vector<std::string> &trace = rig_.hardware().trace;
        EXPECT_EQ(std::ranges::count(trace, "invept 1 " + std::to_string(state().ept_pointer)), 1);
        EXPECT_TRUE(
            std::ranges::any_of(trace, [](const std::string &what) { return what.starts_with("invvpid 1 1"); }));
        EXPECT_FALSE(state().flush);
    };
    kBackend.run(rig_.cpu());
    g_guest = [](Cpu &) {};
    EXPECT_TRUE(ran);
}

TEST_F(VmxBackendTest, GivesBackWhatTheGuestHas) {
    watch_bus_locks();
    capture();
    set(VmcsField::GuestRip, Guest::kCode + 3); // after its VMCALL
    set(VmcsField::GuestCr0, field(VmcsField::GuestCr0) | x86::cr0::TS);
    set(VmcsField::GuestCr3, 0x77000);
    set(VmcsField::GuestDr7, 0x455);
    set(VmcsField::GuestGdtrBase, 0xffff'fe00'0000'0000);
    set(VmcsField::GuestGdtrLimit, 0x3ff);
    set(VmcsField::GuestIdtrBase, 0xffff'fe01'0000'0000);
    set(VmcsField::GuestIdtrLimit, 0x7ff);
    set(VmcsField::GuestLdtrSelector, 0x58);
    set(VmcsField::GuestDsSelector, 0x2b);
    set(VmcsField::GuestEsSelector, 0x2c);
    set(VmcsField::GuestFsBase, 0x7f00'0000'1000);
    set(VmcsField::GuestPat, 0x0107'0406'0007'0406);
    set(VmcsField::GuestDebugCtl, 4);
    vcpu().gpr(x86::Gpr::Rsp) = 0x8888;
    rig_.hardware().cr2 = 0x1234;
    rig_.hardware().dr6 = 0xffff4ff0;
    rig_.cpu().arrived.nmis = 1;
    const Left left = give_back();
    EXPECT_EQ(left.rax, std::uint64_t{VMNIX_OK});
    EXPECT_EQ(left.cr4, Guest::paging().cr4);
    EXPECT_EQ(left.cr2, 0x1234u);
    EXPECT_EQ(left.dr6, 0xffff4ff0u);
    EXPECT_EQ(left.dr7, 0x455u);
    EXPECT_EQ(left.limits, 0x58'07ff'03ffu);
    EXPECT_EQ(rig_.handover_cpu().pending_nmi, 1u);
    EXPECT_EQ(field(VmcsField::GuestRip), Guest::kCode); // the VMCALL is executed again
    EXPECT_EQ(field(VmcsField::HostRip), kStubLeft);
    EXPECT_EQ(field(VmcsField::HostRsp), 0x8888u);
    EXPECT_EQ(field(VmcsField::HostCr0), Guest::paging().cr0 | x86::cr0::TS | x86::cr0::NE);
    EXPECT_EQ(field(VmcsField::HostCr3), 0x77000u);
    EXPECT_EQ(field(VmcsField::HostCr4), Guest::paging().cr4 | x86::cr4::VMXE); // in VMX operation still
    EXPECT_EQ(field(VmcsField::HostGdtrBase), 0xffff'fe00'0000'0000u);
    EXPECT_EQ(field(VmcsField::HostIdtrBase), 0xffff'fe01'0000'0000u);
    EXPECT_EQ(field(VmcsField::HostTrSelector), kTr);
    EXPECT_EQ(field(VmcsField::HostCsSelector), 0x10u);
    EXPECT_EQ(field(VmcsField::HostDsSelector), 0u); // with a privilege level it would be refused
    EXPECT_EQ(field(VmcsField::HostEsSelector), 0u); // and of an LDT
    EXPECT_EQ(field(VmcsField::HostFsBase), 0x7f00'0000'1000u);
    EXPECT_EQ(field(VmcsField::HostPat), 0x0107'0406'0007'0406u);
    EXPECT_EQ(field(VmcsField::HostEfer), Guest::paging().efer);
    EXPECT_EQ(vcpu().entry_fault(), nullptr);
}

// An exit clears DEBUGCTL (28.5.1): its list of MSRs loads it again. A row is the index, then the value: 25.7.2.
TEST_F(VmxBackendTest, GivesBackDebugCtl) {
    watch_bus_locks();
    capture();
    set(VmcsField::GuestDebugCtl, 1u << 2);
    give_back();
    EXPECT_EQ(field(VmcsField::VmExitMsrLoadCount), 1u);
    const std::uint64_t at = field(VmcsField::VmExitMsrLoadAddress);
    EXPECT_EQ(guest_.get<std::uint64_t>(at), std::uint64_t{x86::msr::DebugCtl});
    EXPECT_EQ(guest_.get<std::uint64_t>(at + 8), 1u << 2);
}

// Nothing exits any more but the VMCALL.
TEST_F(VmxBackendTest, LetsGo) {
    capture();
    give_back();
    EXPECT_FALSE(field(VmcsField::PinControls) & (pin::ExternalInterrupt | pin::Nmi | pin::VirtualNmis));
    EXPECT_FALSE(field(VmcsField::ProcessorControls) &
                 (processor::Secondary | processor::IoBitmaps | processor::Cr8Load | processor::Cr8Store |
                  processor::UnconditionalIo));
    EXPECT_TRUE(field(VmcsField::ProcessorControls) & processor::MsrBitmaps);
    EXPECT_EQ(field(VmcsField::ExceptionBitmap), 0u);
    const auto map = rig_.memory().bytes(field(VmcsField::MsrBitmap), kMsrMapPages * kPageSize);
    EXPECT_TRUE(std::ranges::all_of(map, [](std::byte b) { return b == std::byte{}; }));
}

TEST_F(VmxBackendTest, ChosenByCpuid) {
    EXPECT_EQ(choose_backend(), &kBackend);
    rig_.hardware().leaves[{1, 0}].ecx &= ~(1u << 5);
    EXPECT_EQ(choose_backend(), nullptr);
}

} // namespace
} // namespace vmm::test
