// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/exit/cpuid.hpp"

#include "tests/unit/fakes/exit_fixture.hpp"

namespace vmm::test {
namespace {

using x86::Gpr;

class CpuidExit : public ExitFixture {
  protected:
    void cpuid(std::uint64_t leaf, std::uint64_t subleaf = 0) {
        gpr(Gpr::Rax) = leaf;
        gpr(Gpr::Rcx) = subleaf;
        gpr(Gpr::Rbx) = gpr(Gpr::Rdx) = ~0ull;
        EXPECT_EQ(exit({.kind = ExitKind::Cpuid, .length = 2}), Verdict::Resume);
        expect_no_event();
    }
};

TEST_F(CpuidExit, AnswersAndGoesOn) {
    hardware().leaves[{4, 2}] = {1, 2, 3, 4};
    cpuid(0xffff'ffff'0000'0004, 0xffff'ffff'0000'0002); // 32-bit operands
    EXPECT_EQ(gpr(Gpr::Rax), 1u);                        // and results that clear the upper halves
    EXPECT_EQ(gpr(Gpr::Rbx), 2u);
    EXPECT_EQ(gpr(Gpr::Rcx), 3u);
    EXPECT_EQ(gpr(Gpr::Rdx), 4u);
    EXPECT_EQ(guest().rip, Guest::kCode + 2);
    EXPECT_EQ(cpu().console.stats.exits[VMNIX_EXIT_CPUID], 1u);
}

TEST_F(CpuidExit, FollowsTheVcpu) {
    constexpr std::uint32_t kApic = 1u << 9, kOsxsave = 1u << 27;
    cpuid(1);
    EXPECT_TRUE((gpr(Gpr::Rdx) & kApic) && (gpr(Gpr::Rcx) & kOsxsave));
    guest().paging.cr4 &= ~x86::cr4::OSXSAVE;
    cpu().console.lapic.write_apic_base(Rig::kLapicPage, 0); // disabled
    cpuid(1);
    EXPECT_FALSE((gpr(Gpr::Rdx) & kApic) || (gpr(Gpr::Rcx) & kOsxsave));
}

TEST_F(CpuidExit, OwnLeafNamesTheVcpu) {
    cpu().index = 7;
    cpuid(VMNIX_CPUID_VERSION);
    EXPECT_EQ(gpr(Gpr::Rdx), 7u);
    EXPECT_EQ(gpr(Gpr::Rcx), static_cast<std::uint32_t>(g_vmm.features));
}

TEST_F(CpuidExit, OtherBytesByNow) {
    guest_.code(Guest::kCode, {0x90, 0x90, 0x90, 0x90});
    gpr(Gpr::Rax) = 1;
    EXPECT_EQ(exit({.kind = ExitKind::Cpuid}), Verdict::Resume);
    EXPECT_EQ(gpr(Gpr::Rax), 1u);
    EXPECT_EQ(guest().rip, Guest::kCode);
    expect_no_event();
}

} // namespace
} // namespace vmm::test
