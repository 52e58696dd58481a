// SPDX-License-Identifier: GPL-2.0-only
// svm_exit: from an exit code in the control block to what the guest finds. APM vol. 2, appendix C.
#include "tests/unit/fakes/globals.hpp"
#include "tests/unit/fakes/svm_fixture.hpp"

#include "vmm/exit/exit.hpp"

namespace vmm::test {
namespace {

using namespace svm;
using x86::Gpr;

class ExitsTest : public SvmFixture {
  protected:
    ExitsTest() { capture(); }
    std::uint64_t queued() { return vmcb().control.event_inj; }
    std::uint64_t rip() { return vmcb().save.rip; }
    std::uint64_t counted(ExitKind kind) { return rig_.cpu().console.stats.exits[static_cast<unsigned>(kind)]; }
    bool traced(const std::string &what) {
        const auto &trace = rig_.hardware().trace;
        return std::ranges::find(trace, what) != trace.end();
    }
    void set_next_rip(unsigned length) { vmcb().control.next_rip = rip() + length; }

    static constexpr std::uint64_t kGp = 0x8000'0b0d, kUd = 0x8000'0306;
};

TEST_F(ExitsTest, Cpuid) {
    vmcb().save.rax = 0x40000000;
    set_next_rip(2);
    EXPECT_FALSE(exit(ExitCode::Cpuid));
    EXPECT_EQ(vmcb().save.rax, VMNIX_CPUID_VERSION);
    EXPECT_EQ(gpr(Gpr::Rbx), VMNIX_CPUID_EBX);
    EXPECT_EQ(rip(), Guest::kCode + 2);
    EXPECT_EQ(counted(ExitKind::Cpuid), 1u);
}

// Where the CPU does not save the next rIP its field means nothing.
TEST_F(ExitsTest, CpuidWithoutNextRip) {
    state().has_next_rip = false;
    vmcb().control.next_rip = 0;
    guest_.code(Guest::kCode, {0x0f, 0xa2});
    vmcb().save.rax = 0x40000000;
    EXPECT_FALSE(exit(ExitCode::Cpuid));
    EXPECT_EQ(rip(), Guest::kCode + 2);
}

TEST_F(ExitsTest, MsrWriteAndRead) {
    set_next_rip(2);
    vmcb().save.rax = 0x1000;
    gpr(Gpr::Rcx) = 0x12345;
    gpr(Gpr::Rdx) = 0xffff'ffff'0000'0002; // only the lower halves count
    EXPECT_FALSE(exit(ExitCode::Msr, 1));
    EXPECT_EQ(rig_.hardware().msrs[0x12345], 0x2'0000'1000u);
    set_next_rip(2);
    vmcb().save.rax = gpr(Gpr::Rdx) = ~0ull;
    EXPECT_FALSE(exit(ExitCode::Msr, 0));
    EXPECT_EQ(vmcb().save.rax, 0x1000u);
    EXPECT_EQ(gpr(Gpr::Rdx), 2u);
    EXPECT_EQ(rip(), Guest::kCode + 4);
    EXPECT_EQ(counted(ExitKind::MsrRead), 1u);
    EXPECT_EQ(counted(ExitKind::MsrWrite), 1u);
}

// EXITINFO1: port, size, direction; EXITINFO2: where to go on. 15.10.2.
TEST_F(ExitsTest, Ports) {
    constexpr std::uint64_t kByte = 0x10, kWord = 0x20, kDword = 0x40, kIn = 1;
    vmcb().save.rax = 0x11223344;
    EXPECT_FALSE(exit(ExitCode::Ioio, 0x92ull << 16 | kByte, Guest::kCode + 2));
    EXPECT_FALSE(exit(ExitCode::Ioio, 0xcf8ull << 16 | kDword, Guest::kCode + 3));
    const std::vector<Hardware::PortWrite> expected{{0x92, 1, 0x44}, {0xcf8, 4, 0x11223344}};
    EXPECT_EQ(rig_.hardware().port_writes, expected);
    rig_.hardware().ports[0x64] = 0xaabbccdd;
    vmcb().save.rax = 0x1111'2222'3333'4444;
    EXPECT_FALSE(exit(ExitCode::Ioio, 0x64ull << 16 | kWord | kIn, Guest::kCode + 4));
    EXPECT_EQ(vmcb().save.rax, 0x1111'2222'3333'ccddu);
    EXPECT_FALSE(exit(ExitCode::Ioio, 0x64ull << 16 | kDword | kIn, Guest::kCode + 5));
    EXPECT_EQ(vmcb().save.rax, 0xaabb'ccddu); // 32-bit results clear the upper half
    EXPECT_EQ(rip(), Guest::kCode + 5);
    EXPECT_FALSE(exit(ExitCode::Ioio, 0x64ull << 16 | kByte | kIn | 4, Guest::kCode + 7)); // INSB
    EXPECT_EQ(queued(), kGp);
    EXPECT_EQ(rip(), Guest::kCode + 5);
}

TEST_F(ExitsTest, Hypercall) {
    vmcb().save.rax = VMNIX_HC_VERSION;
    EXPECT_FALSE(exit(ExitCode::Vmmcall));
    EXPECT_EQ(vmcb().save.rax, 0u);
    EXPECT_EQ(gpr(Gpr::Rdi), static_cast<std::uint64_t>(VMNIX_HYPERCALL_ABI));
    EXPECT_EQ(rip(), Guest::kCode + 3);
    vmcb().save.cpl = 3;
    EXPECT_FALSE(exit(ExitCode::Vmmcall));
    EXPECT_EQ(queued(), kUd);
}

TEST_F(ExitsTest, LeaveEndsTheLoop) {
    vmcb().save.rax = VMNIX_HC_LEAVE;
    g_others_leave = false;
    EXPECT_FALSE(exit(ExitCode::Vmmcall));
    EXPECT_EQ(vmcb().save.rax, static_cast<std::uint64_t>(-VMNIX_HC_ETIMEDOUT));
    g_others_leave = true;
    vmcb().save.rax = VMNIX_HC_LEAVE;
    EXPECT_TRUE(exit(ExitCode::Vmmcall));
}

TEST_F(ExitsTest, LapicPage) {
    guest_.code(Guest::kCode, {0xc7, 0x04, 0x25, 0x80, 0x00, 0xe0, 0xfe, 0x40, 0, 0, 0}); // movl $0x40, 0xfee00080
    EXPECT_FALSE(exit(ExitCode::Npf, npf::Write | npf::FinalTranslation, 0xfee00080));
    EXPECT_EQ(rig_.cpu().console.lapic.task_priority(), 0x40);
    EXPECT_EQ(rip(), Guest::kCode + 11);
}

TEST_F(ExitsTest, NestedFaultDetails) {
    const auto details = [&](std::uint64_t info) {
        vmcb().control.exit_info1 = info;
        return vcpu().nested_fault();
    };
    EXPECT_TRUE(details(1).present && !details(1).write && !details(1).execute && !details(1).final);
    EXPECT_TRUE(details(2).write && details(0x10).execute && details(1ull << 32).final);
    EXPECT_FALSE(details(1ull << 33).final); // the walk of the guest's tables
}

TEST_F(ExitsTest, PhysicalInterrupt) {
    EXPECT_FALSE(exit(ExitCode::Intr));
    EXPECT_TRUE(traced("acknowledge_window"));
    EXPECT_EQ(rip(), Guest::kCode);
    EXPECT_EQ(counted(ExitKind::Interrupt), 1u);
}

TEST_F(ExitsTest, InstructionsOfVirtualisationAreUndefined) {
    for (ExitCode code : {ExitCode::Vmrun, ExitCode::Vmload, ExitCode::Vmsave, ExitCode::Stgi, ExitCode::Clgi,
                          ExitCode::Skinit, ExitCode::Invlpga}) {
        EXPECT_FALSE(exit(code));
        EXPECT_EQ(queued(), kUd);
        EXPECT_EQ(rip(), Guest::kCode);
    }
}

TEST_F(ExitsTest, NmiIsCountedByTheHandlerAndInjected) {
    rig_.cpu().arrived.nmis = 1; // what the VMM's handler does in the window
    EXPECT_FALSE(exit(ExitCode::Nmi));
    EXPECT_TRUE(traced("nmi_window"));
    EXPECT_EQ(queued(), 0x8000'0202u);
    EXPECT_EQ(counted(ExitKind::Nmi), 1u);
}

TEST_F(ExitsTest, PhysicalInitIsIgnored) {
    EXPECT_FALSE(exit(ExitCode::Init));
    EXPECT_EQ(rip(), Guest::kCode);
    EXPECT_EQ(queued(), 0u);
}

TEST_F(ExitsTest, WatchedExceptions) {
    EXPECT_FALSE(exit(static_cast<ExitCode>(0x40 + 17)));
    EXPECT_EQ(queued(), 0x8000'0b11u); // #AC, error code zero
    EXPECT_FALSE(exit(static_cast<ExitCode>(0x40 + 18)));
    EXPECT_EQ(queued(), 0x8000'0312u); // #MC
    EXPECT_EQ(counted(ExitKind::Exception), 2u);
}

TEST_F(ExitsTest, InvdWritesBack) {
    set_next_rip(2);
    EXPECT_FALSE(exit(ExitCode::Invd));
    EXPECT_EQ(rig_.hardware().wbinvds, 1u);
    EXPECT_EQ(rip(), Guest::kCode + 2);
}

TEST_F(ExitsTest, Xsetbv) {
    set_next_rip(3);
    vmcb().save.rax = 3;
    gpr(Gpr::Rcx) = gpr(Gpr::Rdx) = 0;
    EXPECT_FALSE(exit(ExitCode::Xsetbv));
    EXPECT_EQ(rig_.hardware().xcr0, 3u);
    EXPECT_EQ(rip(), Guest::kCode + 3);
}

// CR8 is the virtual APIC's task priority: mov %rcx, %cr8 and mov %cr8, %r9.
TEST_F(ExitsTest, Cr8) {
    guest_.code(Guest::kCode, {0x44, 0x0f, 0x22, 0xc1, 0x45, 0x0f, 0x20, 0xc1});
    gpr(Gpr::Rcx) = 9;
    EXPECT_FALSE(exit(ExitCode::WriteCr8));
    EXPECT_EQ(rig_.cpu().console.lapic.task_priority(), 0x90);
    EXPECT_EQ(vintr::VTpr::get(vmcb().control.vintr), 9); // where an emulator reads it without an exit
    EXPECT_EQ(rip(), Guest::kCode + 4);
    EXPECT_FALSE(exit(ExitCode::ReadCr8));
    EXPECT_EQ(gpr(Gpr::R9), 9u);
    EXPECT_EQ(rip(), Guest::kCode + 8);
}

TEST_F(ExitsTest, Cr8WithReservedBits) {
    guest_.code(Guest::kCode, {0x44, 0x0f, 0x22, 0xc1});
    gpr(Gpr::Rcx) = 0x10;
    EXPECT_FALSE(exit(ExitCode::WriteCr8));
    EXPECT_EQ(queued(), kGp);
    EXPECT_EQ(rig_.cpu().console.lapic.task_priority(), 0);
}

// Another vCPU has changed the code meanwhile: nothing happens, and the CPU decides again.
TEST_F(ExitsTest, Cr8OfOtherBytes) {
    guest_.code(Guest::kCode, {0x44, 0x0f, 0x20, 0xc1}); // a read, where the exit says write
    EXPECT_FALSE(exit(ExitCode::WriteCr8));
    EXPECT_EQ(rip(), Guest::kCode);
    EXPECT_EQ(queued(), 0u);
}

// Emulators leave so when a guest sets reserved bits of CR3 or CR4.
TEST_F(ExitsTest, InvalidOfASoundBlockIsTheGuests) {
    EXPECT_FALSE(exit(ExitCode::Invalid));
    EXPECT_EQ(queued(), kGp);
    EXPECT_EQ(rip(), Guest::kCode);
}

class ExitsDeathTest : public ExitsTest {};

TEST_F(ExitsDeathTest, TripleFaultResetsTheMachine) {
    EXPECT_DEATH((void)exit(ExitCode::Shutdown), "panic: the machine does not reset");
}

TEST_F(ExitsDeathTest, InvalidOfABrokenBlockIsTheVmms) {
    vmcb().control.n_cr3 = 1ull << 50;
    EXPECT_DEATH((void)exit(ExitCode::Invalid), "panic: nCR3 is beyond memory");
}

TEST_F(ExitsDeathTest, UnknownExits) {
    for (std::uint64_t code : {0x00ull, 0x62ull, 0x79ull, 0x8eull, 0x401ull, 0x10000ull})
        EXPECT_DEATH((void)exit(static_cast<ExitCode>(code)), "panic: an exit that was not asked for") << code;
}

} // namespace
} // namespace vmm::test
