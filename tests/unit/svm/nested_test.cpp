// SPDX-License-Identifier: GPL-2.0-only
// The console's nested tables as built for a Rig, walked as the CPU walks them.
#include "vmm/core/console_nested.hpp"

#include "tests/unit/fakes/svm_fixture.hpp"
#include "tests/unit/mm/page_walk.hpp"

namespace vmm::test {
namespace {

using Nested = ConsoleNested<svm::NptFormat>;

class NestedTest : public SvmFixture {
  protected:
    explicit NestedTest(unsigned levels = 4) : SvmFixture({.io_apics = 2}, levels), levels_(levels) { capture(); }
    Nested &nested() { return svm::g_shared.nested.unguarded(); }
    std::optional<Walked> walk(std::uint64_t gpa) {
        return walk_as_cpu(g_vmm.frames, nested().tables().root(), levels_, gpa);
    }
    void expect_same(std::uint64_t gpa) {
        const auto walked = walk(gpa);
        ASSERT_TRUE(walked) << std::hex << gpa;
        EXPECT_EQ(walked->pa, gpa);
        EXPECT_TRUE(walked->write && walked->execute && walked->user) << std::hex << gpa;
        EXPECT_EQ(kVmmPat >> 8 * walked->pat_index & 0xff, 6u) << std::hex << gpa; // the MTRRs decide
    }
    unsigned levels_;
};

class NestedFiveLevelsTest : public NestedTest {
  protected:
    NestedFiveLevelsTest() : NestedTest(5) {}
};

TEST_F(NestedTest, MemoryAndDevicesAreTheConsoles) {
    for (std::uint64_t gpa : {std::uint64_t{0}, std::uint64_t{0x9ffff}, std::uint64_t{0xb8000}, kMega, 31 * kMega,
                              36 * kMega, kGiga, 0xfebff000ul, 0xfef00000ul, 4 * kGiga - 1, 4 * kGiga, 5 * kGiga - 1})
        expect_same(gpa);
}

TEST_F(NestedFiveLevelsTest, MemoryIsTheConsoles) {
    for (std::uint64_t gpa : {std::uint64_t{0}, 31 * kMega, 36 * kMega, 4 * kGiga})
        expect_same(gpa);
}

TEST_F(NestedTest, GigabytePagesWhereNothingIsInTheWay) {
    EXPECT_EQ(walk(kGiga)->page, kGiga);
    EXPECT_EQ(walk(2 * kGiga)->page, kGiga);
    EXPECT_LT(walk(Rig::kArena.begin.raw())->page, kGiga);
}

// Every page of the VMM's memory reads as ones and cannot be written or executed.
TEST_F(NestedTest, ArenaReadsAsOnes) {
    const auto first = walk(Rig::kArena.begin.raw());
    ASSERT_TRUE(first);
    const auto page = rig_.memory().bytes(align_down(first->pa, kPageSize), kPageSize);
    EXPECT_TRUE(std::ranges::all_of(page, [](std::byte b) { return b == std::byte{0xff}; }));
    for (std::uint64_t offset = 0; offset < Rig::kArena.size; offset += kPageSize) {
        const auto walked = walk(Rig::kArena.begin.raw() + offset);
        ASSERT_TRUE(walked);
        ASSERT_EQ(walked->pa, first->pa);
        ASSERT_FALSE(walked->write || walked->execute);
    }
}

TEST_F(NestedTest, ApicsAreNotMapped) {
    for (std::uint64_t gpa :
         {Rig::kLapicPage, 0xfee01000ul, 0xfeefffffUL, Rig::kIoApicPage, Rig::kIoApicPage + kPageSize})
        EXPECT_FALSE(walk(gpa)) << std::hex << gpa;
    expect_same(Rig::kIoApicPage - 1);
    expect_same(Rig::kIoApicPage + 2 * kPageSize);
    expect_same(0xfedff000);
}

// No page spans a border of the MTRRs: firmware has the legacy window uncacheable, so 640 KiB and 768 KiB are borders.
TEST_F(NestedTest, PagesEndWhereMemoryTypesDo) {
    Mtrrs mtrrs = read_mtrrs();
    mtrrs.fixed[2] = 0;
    mtrrs.variable[0] = {0x80000000, 0xff80000000 | 1 << 11};
    mtrrs.variable_count = 1;
    FlushDebt debt(false);
    ASSERT_TRUE(nested().follow(mtrrs, debt));
    EXPECT_TRUE(debt.settle());
    for (std::uint64_t border : {0xa0000ul, 0xc0000ul, 0x80000000ul, 0x100000000ul}) {
        const auto before = walk(border - 1);
        ASSERT_TRUE(before);
        EXPECT_EQ(align_down(border - 1, before->page) + before->page, border) << std::hex << border;
        expect_same(border);
        expect_same(border - 1);
    }
    ASSERT_TRUE(nested().follow(mtrrs, debt)); // the same again changes nothing
    EXPECT_FALSE(debt.settle());
}

TEST_F(NestedTest, MtrrWritesFlushEveryCpu) {
    rig_.hardware().msrs[x86::msr::MtrrFix16k1] = 0;
    EXPECT_TRUE(vcpu().follow_mtrrs());
    EXPECT_TRUE(holds(rig_.cpu().console.mailbox.take(), Mail::Flush));
    EXPECT_TRUE(vcpu().follow_mtrrs());
    EXPECT_FALSE(rig_.cpu().console.mailbox.any());
}

TEST_F(NestedTest, MapsMoreOnDemand) {
    const std::uint64_t window = 0x80'1234'5000; // 40 address bits
    EXPECT_FALSE(walk(window));
    EXPECT_TRUE(nested().map_more(Gpa(window)));
    expect_same(window);
    EXPECT_TRUE(nested().map_more(Gpa(window))); // another CPU was faster
    EXPECT_FALSE(walk(window - kGiga));
    EXPECT_FALSE(nested().map_more(Gpa(1ull << 40))); // beyond what the CPU has
    EXPECT_FALSE(nested().map_more(Gpa(~0ull)));
    EXPECT_TRUE(nested().map_more(Gpa((1ull << 40) - 1)));
}

// What was left out on purpose stays out.
TEST_F(NestedTest, MapsNothingBelowTheEndOfMemory) {
    for (std::uint64_t gpa :
         {Rig::kLapicPage, Rig::kIoApicPage, Rig::kArena.begin.raw(), std::uint64_t{0}, 5 * kGiga - 1}) {
        EXPECT_FALSE(nested().map_more(Gpa(gpa))) << std::hex << gpa;
    }
    EXPECT_FALSE(walk(Rig::kLapicPage));
}

TEST_F(NestedTest, OutOfFramesIsAnAnswer) {
    while (g_vmm.frames.allocate())
        ;
    EXPECT_FALSE(nested().map_more(Gpa(0xf0'0000'0000)));
    FlushDebt debt(false);
    Mtrrs mtrrs = read_mtrrs();
    mtrrs.variable[0] = {0x50001000, 0xfffffff000 | 1 << 11};
    mtrrs.variable_count = 1;
    EXPECT_FALSE(nested().follow(mtrrs, debt));
    EXPECT_FALSE(debt.settle());
    expect_same(0x50001000);
}

// Everything else that the guest reaches is its own: no page of the first 5 GiB leads into the arena but the ones page.
TEST_F(NestedTest, NothingElseLeadsIntoTheArena) {
    const auto ones = align_down(walk(Rig::kArena.begin.raw())->pa, kPageSize);
    for (std::uint64_t gpa = 0; gpa < 5 * kGiga;) {
        const auto walked = walk(gpa);
        const std::uint64_t page = walked ? walked->page : kPageSize;
        if (walked) {
            const std::uint64_t frame = align_down(walked->pa, page);
            const bool touches = frame < Rig::kArena.end().raw() && frame + page > Rig::kArena.begin.raw();
            ASSERT_TRUE(!touches || (frame == ones && page == kPageSize)) << std::hex << gpa;
        }
        gpa = align_down(gpa, page) + page;
    }
}

} // namespace
} // namespace vmm::test
