// SPDX-License-Identifier: GPL-2.0-only
// A RadixTable over FakeFrames, for each format, number of levels and largest page.
#pragma once

#include "tests/unit/mm/ept_walk.hpp"
#include "tests/unit/mm/fake_frames.hpp"
#include "tests/unit/mm/page_walk.hpp"
#include "vmm/mm/amd64_format.hpp"
#include "vmm/svm/nested.hpp"
#include "vmm/vmx/nested.hpp"

#include <gtest/gtest.h>

namespace vmm::test {

template <class F, unsigned Levels, unsigned Largest> struct Shape {
    using Format = F;
    static constexpr unsigned kLevels = Levels, kLargest = Largest;
};
using Shapes = testing::Types<Shape<HostFormat, 4, 3>, Shape<HostFormat, 5, 2>, Shape<svm::NptFormat, 4, 2>,
                              Shape<svm::NptFormat, 5, 3>, Shape<HostFormat, 4, 1>, Shape<vmx::EptFormat, 4, 3>,
                              Shape<vmx::EptFormat, 5, 2>>;

inline constexpr std::uint64_t kKilo = 1ull << 10, kMega = 1ull << 20, kGiga = 1ull << 30;
inline constexpr Rights kReadOnly{}, kReadWrite{.write = true}, kReadExecute{.execute = true}, kAll{true, true};

template <class S> class RadixFixture : public testing::Test {
  protected:
    using Table = RadixTable<typename S::Format, FakeFrames>;
    static constexpr std::uint64_t kLargestPage = Table::page_size(S::kLargest);

    RadixFixture() : table_(*frames_.allocate(), S::kLevels, S::kLargest, frames_) {}

    // What the flush debt says, with the debt settled.
    bool map(std::uint64_t va, std::uint64_t pa, std::uint64_t size, Rights rights = kAll,
             MemoryType type = MemoryType::WriteBack) {
        FlushDebt debt(false);
        EXPECT_TRUE(table_.map(va, Hpa(pa), size, rights, type, debt));
        return debt.settle();
    }
    bool unmap(std::uint64_t va, std::uint64_t size) {
        FlushDebt debt(false);
        EXPECT_TRUE(table_.unmap(va, size, debt));
        return debt.settle();
    }
    bool split(std::uint64_t va) {
        FlushDebt debt(false);
        EXPECT_TRUE(table_.split_at(va, debt));
        return debt.settle();
    }
    static constexpr bool kIsEpt = std::is_same_v<typename S::Format, vmx::EptFormat>;
    std::optional<Walked> walk(std::uint64_t va) {
        return kIsEpt ? walk_ept(frames_, table_.root(), S::kLevels, va)
                      : walk_as_cpu(frames_, table_.root(), S::kLevels, va);
    }
    static MemoryType type_of(const Walked &walked) {
        return static_cast<MemoryType>(kIsEpt ? walked.ept_type : kVmmPat >> 8 * walked.pat_index & 0xff);
    }

    FakeFrames frames_;
    Table table_;
};

} // namespace vmm::test
