// SPDX-License-Identifier: GPL-2.0-only
// Random changes, compared page by page with a map of what should be there, as the CPU walks it; and a debt is owed
// exactly when an entry that was present was changed (APM vol. 2, 5.5: what is not present is not cached).
#include "vmm/mm/radix_table.hpp"

#include "tests/unit/mm/radix_fixture.hpp"

#include <map>
#include <random>

namespace vmm::test {
namespace {

struct Page {
    std::uint64_t pa;
    Rights rights;
    MemoryType type;
};

template <class S> class RadixPropertyTest : public RadixFixture<S> {
  protected:
    // Around a border of all levels: 512 GiB in 4 levels' tables.
    static constexpr std::uint64_t kBegin = (1ull << 39) - 6 * kMega, kPages = 12 * kMega / kPageSize;

    bool changed_present(const std::vector<FakeFrames::Page> &before) {
        for (std::size_t frame = 0; frame < before.size(); frame++) {
            const std::uint64_t *now = this->frames_.table(Hpa(FakeFrames::kFirst + frame * kPageSize));
            for (unsigned i = 0; i < 512; i++)
                if ((before[frame][i] & 1) && before[frame][i] != now[i])
                    return true;
        }
        return false;
    }

    void expect_reference() {
        const bool nested = std::is_same_v<typename S::Format, svm::NptFormat>;
        for (std::uint64_t n = 0; n < kPages; n++) {
            const std::uint64_t va = kBegin + n * kPageSize;
            const auto walked = this->walk(va);
            const auto found = reference_.find(va);
            ASSERT_EQ(walked.has_value(), found != reference_.end()) << std::hex << va;
            if (!walked)
                continue;
            const Page &page = found->second;
            ASSERT_EQ(walked->pa, page.pa) << std::hex << va;
            ASSERT_TRUE(walked->write == page.rights.write && walked->execute == page.rights.execute) << std::hex << va;
            ASSERT_EQ(this->type_of(*walked), nested ? MemoryType::WriteBack : page.type) << std::hex << va;
        }
    }

    void step() {
        const std::uint64_t first = random_() % kPages;
        const std::uint64_t pages = std::min(kPages - first, random_() % 2 ? random_() % 1100 : random_() % 8 + 1);
        std::uint64_t va = kBegin + first * kPageSize, size = pages * kPageSize;
        if (random_() % 3 == 0) { // large pages want to be used
            va = align_down(va, 2 * kMega);
            size = 2 * kMega;
        }
        switch (random_() % 4) {
        case 0:
            this->unmap_all(va, size);
            break;
        case 1:
            EXPECT_TRUE(this->table_.split_at(va, debt_));
            break;
        default:
            this->map_all(va, size);
        }
    }
    void unmap_all(std::uint64_t va, std::uint64_t size) {
        EXPECT_TRUE(this->table_.unmap(va, size, debt_));
        reference_.erase(reference_.lower_bound(va), reference_.lower_bound(va + size));
    }
    void map_all(std::uint64_t va, std::uint64_t size) {
        constexpr MemoryType kTypes[] = {MemoryType::WriteBack, MemoryType::Uncacheable, MemoryType::WriteCombining};
        // Few choices, so that the same is mapped again now and then.
        const std::uint64_t skew = random_() % 4 == 0 ? 0x3000 : 0;
        const Rights rights{random_() % 2 == 0, random_() % 4 == 0};
        const MemoryType type = kTypes[random_() % 4 % 3];
        const std::uint64_t pa = va - kBegin + 16 * kGiga - 6 * kMega + skew;
        EXPECT_TRUE(this->table_.map(va, Hpa(pa), size, rights, type, debt_));
        for (std::uint64_t at = 0; at < size; at += kPageSize)
            reference_[va + at] = {pa + at, rights, type};
    }

    std::mt19937_64 random_{S::kLevels * 10 + S::kLargest};
    std::map<std::uint64_t, Page> reference_;
    FlushDebt debt_{false};
};
TYPED_TEST_SUITE(RadixPropertyTest, Shapes);

TYPED_TEST(RadixPropertyTest, AgreesWithAMapAndOwesExactly) {
    unsigned owed = 0;
    constexpr unsigned kSteps = 250;
    for (unsigned i = 0; i < kSteps; i++) {
        const auto before = this->frames_.snapshot();
        this->step();
        const bool owes = this->debt_.settle();
        ASSERT_EQ(owes, this->changed_present(before)) << "step " << i;
        owed += owes;
        if (i % 5 == 0) {
            ASSERT_NO_FATAL_FAILURE(this->expect_reference()) << "step " << i;
        }
    }
    this->expect_reference();
    EXPECT_GT(owed, kSteps / 4);
    EXPECT_LT(owed, kSteps);
}

} // namespace
} // namespace vmm::test
