// SPDX-License-Identifier: GPL-2.0-only
#include "console/boot/memory_plan.hpp"

#include <gmock/gmock.h>

#include "console/base/failure.hpp"
#include "console/boot/layout.hpp"

using namespace console;
using namespace console::layout;
using testing::HasSubstr;

namespace {

std::string failure(MemoryPlan &plan, std::uint64_t address, std::uint64_t size) {
    try {
        plan.claim("it", address, size);
        return {};
    } catch (const Failure &failure) {
        return failure.cause() + " | " + failure.remedy();
    }
}

} // namespace

TEST(MemoryPlan, ClaimsWhatIsFree) {
    MemoryPlan plan(64 * mib);
    EXPECT_EQ(failure(plan, mib, mib), "");
    EXPECT_EQ(failure(plan, 2 * mib, 62 * mib), "");
    EXPECT_EQ(failure(plan, 0, mib), "");
    EXPECT_EQ(plan.fixed_end(), 64 * mib);
}

TEST(MemoryPlan, RefusesOverlapFromEverySide) {
    MemoryPlan plan(64 * mib);
    plan.claim("other", 4 * mib, mib);
    for (const auto &[address, size] :
         {std::pair{4 * mib, mib}, {4 * mib - 1, 2ul}, {5 * mib - 1, 2ul}, {3 * mib, 3 * mib}, {4 * mib + 1, 1ul}})
        EXPECT_THAT(failure(plan, address, size), HasSubstr("other"));
    EXPECT_EQ(failure(plan, 4 * mib - 1, 1), "");
    EXPECT_EQ(failure(plan, 5 * mib, 1), "");
}

TEST(MemoryPlan, SaysHowMuchMemoryWouldDo) {
    MemoryPlan plan(64 * mib, 10 * mib);
    EXPECT_THAT(failure(plan, 64 * mib - 1, 2), HasSubstr("at least 75 MiB"));
    EXPECT_THAT(failure(plan, mib, 64 * mib), HasSubstr("at least 75 MiB"));
    EXPECT_THAT(failure(plan, mib, 3 * gib - mib), HasSubstr("no memory would do"));
}

TEST(MemoryPlan, RefusesWhatNoVmHas) {
    MemoryPlan plan(8 * gib);
    EXPECT_THAT(failure(plan, 3 * gib - 1, 2), HasSubstr("no RAM"));
    EXPECT_THAT(failure(plan, ~0ull, 2), HasSubstr("no RAM"));
    EXPECT_THAT(failure(plan, 2, ~0ull), HasSubstr("no RAM"));
    EXPECT_THAT(failure(plan, 4 * gib, 1), HasSubstr("no RAM"));
    EXPECT_EQ(failure(plan, 3 * gib - 1, 1), "");
}

TEST(MemoryPlan, FindsTheLowestFreePages) {
    MemoryPlan plan(16 * mib);
    plan.claim("a", 0x1800, 0x1000);
    plan.claim("b", 0x5000, 0x1000);
    EXPECT_EQ(plan.claim_above("c", 0, 0x1000), 0x0u);
    EXPECT_EQ(plan.claim_above("d", 0x1000, 0x2000), 0x3000u);
    EXPECT_EQ(plan.claim_above("e", 0x1000, 0x2000), 0x6000u);
    EXPECT_EQ(plan.claim_above("f", 0x1000, 16 * mib), std::nullopt);
    EXPECT_EQ(plan.claim_above("g", ~0ull, 1), std::nullopt);
    EXPECT_EQ(plan.fixed_end(), 0x6000u) << "what may lie anywhere is not fixed";
}

TEST(MemoryPlan, FindsTheHighestFreePages) {
    MemoryPlan plan(16 * mib);
    plan.claim("a", 15 * mib, 100);
    EXPECT_EQ(plan.claim_below("b", 0, ~0ull, 0x1001), 16 * mib - 0x2000);
    EXPECT_EQ(plan.claim_below("c", 0, 15 * mib + 0x3000, 0x2000), 15 * mib + 0x1000);
    EXPECT_EQ(plan.claim_below("d", 0, 15 * mib + 0x1000, 0x1000), 15 * mib - 0x1000);
    EXPECT_EQ(plan.claim_below("e", 13 * mib + 1, 14 * mib, mib - 1), std::nullopt) << "the page begins below";
    EXPECT_EQ(plan.claim_below("e", 14 * mib, 15 * mib, mib), std::nullopt);
    EXPECT_EQ(plan.claim_below("f", 13 * mib, 15 * mib, mib), 14 * mib - 0x1000);
}

TEST(MemoryPlan, FillsOnlyWhatIsClaimed) {
    MemoryPlan plan(16 * mib);
    plan.claim("a", mib, 16);
    EXPECT_NO_THROW(plan.fill(mib + 8, Bytes(8)));
    EXPECT_THROW(plan.fill(mib + 8, Bytes(9)), std::logic_error);
    EXPECT_THROW(plan.fill(mib - 1, Bytes(2)), std::logic_error);
    EXPECT_NO_THROW(plan.fill(mib, Bytes(4)));
    const auto segments = plan.take();
    ASSERT_EQ(segments.size(), 2u);
    EXPECT_EQ(segments[0].address, mib);
    EXPECT_EQ(segments[1].address, mib + 8);
}
