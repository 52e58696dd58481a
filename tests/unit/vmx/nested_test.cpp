// SPDX-License-Identifier: GPL-2.0-only
// The console's extended page tables as built for a Rig, walked as the CPU walks them. A leaf says its memory type
// itself, so that they follow the MTRRs: SDM vol. 3, 29.3.7.2.
#include "vmm/core/console_nested.hpp"

#include "tests/unit/fakes/vmx_fixture.hpp"
#include "tests/unit/mm/ept_walk.hpp"

namespace vmm::test {
namespace {

constexpr unsigned kUc = 0, kWb = 6;

class VmxNestedTest : public VmxFixture {
  protected:
    VmxNestedTest() : VmxFixture({.io_apics = 1}) { capture(); }
    ConsoleNested<vmx::EptFormat> &nested() { return vmx::g_shared.nested.unguarded(); }
    std::optional<Walked> walk(std::uint64_t gpa) { return walk_ept(g_vmm.frames, nested().tables().root(), 4, gpa); }
    void expect_same(std::uint64_t gpa, unsigned type) {
        const auto walked = walk(gpa);
        ASSERT_TRUE(walked) << std::hex << gpa;
        EXPECT_EQ(walked->pa, gpa);
        EXPECT_TRUE(walked->write && walked->execute) << std::hex << gpa;
        EXPECT_EQ(walked->ept_type, type) << std::hex << gpa;
        EXPECT_FALSE(walked->ignores_pat);
    }
    // Firmware's usual: WB by default, the legacy window and the devices below 4 GiB uncacheable.
    static Mtrrs with_holes() {
        Mtrrs mtrrs = read_mtrrs();
        mtrrs.fixed[2] = 0;
        mtrrs.variable[0] = {0x80000000, 0xff80000000 | 1 << 11};
        mtrrs.variable_count = 1;
        return mtrrs;
    }
    bool follow(const Mtrrs &mtrrs) {
        FlushDebt debt(false);
        EXPECT_TRUE(nested().follow(mtrrs, debt));
        return debt.settle();
    }
};

TEST_F(VmxNestedTest, MemoryIsTheConsoles) {
    for (std::uint64_t gpa : {std::uint64_t{0}, std::uint64_t{0x9ffff}, kMega, 31 * kMega, 36 * kMega, kGiga,
                              4 * kGiga - 1, 4 * kGiga, 5 * kGiga - 1})
        expect_same(gpa, kWb);
    EXPECT_FALSE(walk(Rig::kLapicPage));
    EXPECT_FALSE(walk(Rig::kIoApicPage));
}

TEST_F(VmxNestedTest, TypesFollowTheMtrrs) {
    EXPECT_TRUE(follow(with_holes()));
    for (std::uint64_t gpa : {0xa0000ul, 0xbfffful, 0x80000000ul, 0xfebff000ul, 0xfffffffful})
        expect_same(gpa, kUc);
    for (std::uint64_t gpa : {std::uint64_t{0x9ffff}, std::uint64_t{0xc0000}, 36 * kMega, 2 * kGiga - 1, 4 * kGiga})
        expect_same(gpa, kWb);
    EXPECT_FALSE(follow(with_holes())); // the same again changes nothing
    EXPECT_TRUE(follow(read_mtrrs()));
    expect_same(0xa0000, kWb);
    expect_same(0x80000000, kWb);
}

// What is not mapped stays so, and what can only be read too: the VMM's own memory, the APICs.
TEST_F(VmxNestedTest, NewTypesKeepRights) {
    const auto ones = walk(Rig::kArena.begin.raw());
    ASSERT_TRUE(ones);
    Mtrrs mtrrs = with_holes();
    mtrrs.variable[1] = {0x2000000, 0xfffe000000 | 1 << 11}; // the arena and what is around it
    mtrrs.variable_count = 2;
    EXPECT_TRUE(follow(mtrrs));
    EXPECT_FALSE(walk(Rig::kLapicPage));
    EXPECT_FALSE(walk(Rig::kIoApicPage));
    for (std::uint64_t offset = 0; offset < Rig::kArena.size; offset += kPageSize) {
        const auto walked = walk(Rig::kArena.begin.raw() + offset);
        ASSERT_TRUE(walked);
        ASSERT_EQ(walked->pa, ones->pa);
        ASSERT_EQ(walked->ept_type, kUc);
        ASSERT_FALSE(walked->write || walked->execute);
    }
    expect_same(36 * kMega, kUc);
    expect_same(31 * kMega, kWb);
}

TEST_F(VmxNestedTest, MtrrWritesFlushEveryCpu) {
    rig_.hardware().msrs[x86::msr::MtrrFix16k1] = 0;
    EXPECT_TRUE(vcpu().follow_mtrrs());
    EXPECT_TRUE(holds(rig_.cpu().console.mailbox.take(), Mail::Flush));
    expect_same(0xa0000, kUc);
    EXPECT_TRUE(vcpu().follow_mtrrs());
    EXPECT_FALSE(rig_.cpu().console.mailbox.any());
}

// A device window far above RAM, with the type that the MTRRs give it.
TEST_F(VmxNestedTest, MapsMoreOnDemand) {
    rig_.hardware().msrs[x86::msr::MtrrCap] = 0x501;
    rig_.hardware().msrs[0x200] = 0x80'0000'0000;
    rig_.hardware().msrs[0x201] = 0xff'8000'0000 | 1 << 11;
    EXPECT_TRUE(vcpu().map_more(Gpa(0x80'1234'5000)));
    expect_same(0x80'1234'5000, kUc);
    EXPECT_TRUE(vcpu().map_more(Gpa(0x81'0000'0000)));
    expect_same(0x81'0000'0000, kWb);
    EXPECT_FALSE(vcpu().map_more(Gpa(1ull << 40)));
}

// Extended tables of 2 MiB pages, where the CPU has no larger ones.
TEST_F(VmxNestedTest, LargestPagesOfTheCpu) {
    constexpr std::uint64_t kPages1G = 1ull << 17;
    rig_.hardware().msrs[vmx::msr::EptVpidCap] |= kPages1G;
    std::destroy_at(&vmx::g_shared);
    std::construct_at(&vmx::g_shared);
    ASSERT_TRUE(vmx::kBackend.init(g_vmm));
    EXPECT_EQ(walk(kGiga)->page, kGiga);
    rig_.hardware().msrs[vmx::msr::EptVpidCap] &= ~kPages1G;
    std::destroy_at(&vmx::g_shared);
    std::construct_at(&vmx::g_shared);
    ASSERT_TRUE(vmx::kBackend.init(g_vmm));
    EXPECT_EQ(walk(kGiga)->page, 2 * kMega);
}

} // namespace
} // namespace vmm::test
