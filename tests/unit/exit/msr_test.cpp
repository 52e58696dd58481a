// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/exit/msr.hpp"

#include "tests/unit/fakes/exit_fixture.hpp"

namespace vmm::test {
namespace {

using namespace x86;

class MsrExit : public ExitFixture {
  protected:
    explicit MsrExit(const RigOptions &options = {.cpus = 2}) : ExitFixture(options) {}
    void write(std::uint32_t index, std::uint64_t value) {
        gpr(Gpr::Rcx) = 0xffff'ffff'0000'0000 | index;
        gpr(Gpr::Rax) = 0xffff'ffff'0000'0000 | (value & 0xffff'ffff);
        gpr(Gpr::Rdx) = 0xffff'ffff'0000'0000 | value >> 32;
        guest().rip = Guest::kCode;
        EXPECT_EQ(exit({.kind = ExitKind::MsrWrite, .length = 2}), Verdict::Resume);
    }
    std::uint64_t read(std::uint32_t index) {
        gpr(Gpr::Rcx) = 0xffff'ffff'0000'0000 | index;
        gpr(Gpr::Rax) = gpr(Gpr::Rdx) = ~0ull;
        guest().rip = Guest::kCode;
        EXPECT_EQ(exit({.kind = ExitKind::MsrRead, .length = 2}), Verdict::Resume);
        return done() ? gpr(Gpr::Rdx) << 32 | gpr(Gpr::Rax) : 0;
    }
    bool done() {
        EXPECT_NE(guest().rip == Guest::kCode + 2, guest().queued.has_value()); // the one or the other
        return guest().rip == Guest::kCode + 2;
    }
    bool writes(std::uint32_t index, std::uint64_t value) {
        write(index, value);
        return done();
    }
    bool reads(std::uint32_t index) {
        read(index);
        return done();
    }
};

TEST_F(MsrExit, OthersAreTheHardwares) {
    EXPECT_TRUE(writes(0x12345678, 0x1234'5678'9abc'def0));
    EXPECT_EQ(hardware().msrs[0x12345678], 0x1234'5678'9abc'def0u);
    EXPECT_EQ(read(0x12345678), 0x1234'5678'9abc'def0u);
    EXPECT_EQ(gpr(Gpr::Rax) >> 32 | gpr(Gpr::Rdx) >> 32, 0u);
}

// A register that the hardware does not have faults in the guest and not in the VMM.
TEST_F(MsrExit, FaultsAreTheGuests) {
    hardware().faulting_msrs = {0x12345678, msr::MtrrDefType};
    EXPECT_FALSE(writes(0x12345678, 1));
    expect_general_protection();
    EXPECT_FALSE(reads(0x12345678));
    expect_general_protection();
    EXPECT_EQ(gpr(Gpr::Rax), ~0ull); // registers are as they were
    EXPECT_FALSE(writes(msr::MtrrDefType, 0xc06));
    EXPECT_EQ(guest().mtrr_follows, 0u);
}

TEST_F(MsrExit, EferHidesAndKeepsVirtualisation) {
    EXPECT_EQ(read(msr::Efer), guest().paging.efer);
    EXPECT_FALSE(writes(msr::Efer, guest().paging.efer | efer::SVME));
    expect_general_protection();
    EXPECT_TRUE(writes(msr::Efer, guest().paging.efer | efer::NXE));
    EXPECT_TRUE(guest().paging.efer & efer::NXE);
    EXPECT_EQ(guest().flushes, 1u);
}

// APM vol. 2, 3.1.7: LME is not changed while paging is on; LMA is the CPU's to set.
TEST_F(MsrExit, EferAndPaging) {
    const std::uint64_t before = guest().paging.efer;
    EXPECT_FALSE(writes(msr::Efer, before & ~efer::LME));
    EXPECT_EQ(guest().paging.efer, before);
    EXPECT_TRUE(writes(msr::Efer, before & ~efer::LMA)); // ignored
    EXPECT_EQ(guest().paging.efer, before);
    guest().paging.cr0 &= ~cr0::PG;
    guest().paging.efer = efer::LME;
    EXPECT_TRUE(writes(msr::Efer, efer::LMA)); // LME goes, LMA does not come
    EXPECT_EQ(guest().paging.efer, 0u);
    EXPECT_TRUE(writes(msr::Efer, efer::LME));
    EXPECT_EQ(guest().paging.efer, efer::LME);
}

// VMRUN refuses bits that the CPU does not have: they must fault in the guest.
TEST_F(MsrExit, EferBitsThatTheCpuLacks) {
    for (unsigned n = 0; n < 64; n++) {
        const std::uint64_t before = guest().paging.efer;
        const bool known = g_vmm.efer_known >> n & 1;
        if (bit(n) == efer::LME)
            continue;
        EXPECT_EQ(writes(msr::Efer, before | bit(n)), known) << n;
        if (!known) {
            EXPECT_EQ(guest().paging.efer, before);
        }
    }
}

TEST_F(MsrExit, ApicBase) {
    EXPECT_EQ(read(msr::ApicBase), 0xfee00900u);     // bootstrap, enabled
    EXPECT_FALSE(writes(msr::ApicBase, 0xfee10900)); // elsewhere
    EXPECT_FALSE(writes(msr::ApicBase, 0xfee00d01)); // reserved bits
    EXPECT_TRUE(writes(msr::ApicBase, 0xfee00d00));
    EXPECT_EQ(cpu().console.lapic.mode(), LapicMode::X2apic);
    EXPECT_FALSE(writes(msr::ApicBase, 0xfee00900)); // not back in one step
    expect_general_protection();
}

// Registers of x2APIC mode fault in every other one.
TEST_F(MsrExit, X2apicInTheWrongMode) {
    for (std::uint32_t index : {0x802u, 0x808u, 0x80bu, 0x80fu, 0x830u, 0x838u}) {
        EXPECT_FALSE(reads(index)) << std::hex << index;
        expect_general_protection();
        EXPECT_FALSE(writes(index, 0)) << std::hex << index;
        expect_general_protection();
    }
    EXPECT_TRUE(writes(msr::ApicBase, 0xfee00800 & ~0x800ull)); // disabled
    EXPECT_FALSE(reads(0x802));
    EXPECT_FALSE(writes(0x80b, 0));
}

TEST_F(MsrExit, X2apicRegisters) {
    ASSERT_TRUE(writes(msr::ApicBase, 0xfee00d00));
    EXPECT_TRUE(writes(0x808, 0x50));
    EXPECT_EQ(cpu().console.lapic.task_priority(), 0x50);
    EXPECT_EQ(read(0x808), 0x50u);
    EXPECT_EQ(read(0x802), 0u); // ID
    EXPECT_FALSE(reads(0x80b)); // EOI is write-only
    EXPECT_FALSE(writes(0x80b, 1));
    EXPECT_FALSE(writes(0x803, 0)); // version is read-only
    EXPECT_FALSE(writes(0x808, 0x100));
    for (std::uint32_t reserved : {0x800u, 0x801u, 0x80eu, 0x810u + 0x1f, 0x831u, 0x840u, 0x8ffu}) {
        EXPECT_FALSE(writes(reserved, 0)) << std::hex << reserved;
    }
}

// ICR in one write: destination in the upper half.
TEST_F(MsrExit, X2apicIpi) {
    ASSERT_TRUE(writes(msr::ApicBase, 0xfee00d00));
    EXPECT_TRUE(writes(0x830, 1ull << 32 | 0x4041));
    cpu(1).console.lapic.collect();
    EXPECT_TRUE(cpu(1).console.lapic.requested().test(0x41));
    EXPECT_FALSE(cpu(0).console.lapic.requested().test(0x41));
    EXPECT_EQ(cpu(1).kicks, 1u);
    EXPECT_EQ(cpu().console.stats.ipis_sent, 1u);
}

TEST_F(MsrExit, MtrrsAreFollowed) {
    EXPECT_TRUE(writes(0x201, 0xff80000800));
    EXPECT_EQ(hardware().msrs[0x201], 0xff80000800u);
    EXPECT_EQ(guest().mtrr_follows, 1u);
    EXPECT_GT(guest().host_contexts, 0u);
    EXPECT_EQ(read(0x201), 0xff80000800u);
    EXPECT_EQ(guest().mtrr_follows, 1u);
    guest().mtrrs_followed = false; // out of frames
    EXPECT_FALSE(writes(0x250, 0));
}

TEST_F(MsrExit, IgnoredWritesAreLogged) {
    hardware().msrs[msr::SysCfg] = 0x740000;
    const auto before = hardware().msr_writes.size();
    EXPECT_TRUE(writes(msr::SysCfg, 0xf40000));
    EXPECT_EQ(hardware().msr_writes.size(), before);
    EXPECT_NE(rig_.log().find("0xc0010010"), std::string::npos);
    EXPECT_EQ(read(msr::SysCfg), 0x740000u);
}

TEST_F(MsrExit, RefusedOnes) {
    for (std::uint32_t index : {msr::VmCr, msr::VmHsavePa, msr::SvmKey, msr::SmmKey}) {
        EXPECT_FALSE(reads(index));
        expect_general_protection();
        EXPECT_FALSE(writes(index, 0));
        expect_general_protection();
        EXPECT_FALSE(hardware().msrs.contains(index));
    }
}

TEST_F(MsrExit, OtherBytesByNow) {
    guest_.code(Guest::kCode, {0x0f, 0x32}); // RDMSR, where the exit says WRMSR
    gpr(Gpr::Rcx) = 0x12345678;
    EXPECT_EQ(exit({.kind = ExitKind::MsrWrite}), Verdict::Resume);
    EXPECT_FALSE(hardware().msrs.contains(0x12345678));
    EXPECT_EQ(guest().rip, Guest::kCode);
    expect_no_event();
}

class DeadlineMsrs : public MsrExit {
  protected:
    DeadlineMsrs() : MsrExit({.tsc_deadline = true}) {}
};

TEST_F(DeadlineMsrs, DeadlineTimer) {
    hardware().tsc_step = 0;
    cpu().console.lapic.write(LapicRegister::LvtTimer, 2u << 17 | 0x61, 0); // TSC-deadline mode
    const std::uint64_t deadline = hardware().tsc + 5000;
    EXPECT_TRUE(writes(msr::TscDeadline, deadline));
    EXPECT_EQ(hardware().msrs[msr::TscDeadline], deadline); // the physical timer
    EXPECT_EQ(read(msr::TscDeadline), deadline);
    EXPECT_TRUE(writes(msr::TscDeadline, hardware().tsc - 1)); // passed already: at once
    EXPECT_TRUE(cpu().console.lapic.requested().test(0x61));
    EXPECT_EQ(read(msr::TscDeadline), 0u);
}

} // namespace
} // namespace vmm::test
