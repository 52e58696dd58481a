// SPDX-License-Identifier: GPL-2.0-only
// Random tables, most of whose entries lead somewhere, in every paging mode against the slow reference.
#include "vmm/mm/guest_memory.hpp"

#include "tests/unit/mm/reference_walk.hpp"
#include "tests/unit/mm/sparse_ram.hpp"

#include <gtest/gtest.h>

#include <random>

namespace vmm::test {
namespace {

TEST(TranslateRandom, AgreesWithTheReference) {
    std::mt19937_64 random(23);
    unsigned found = 0;
    for (unsigned round = 0; round < 60; round++) {
        SparseRam ram;
        for (std::uint64_t page = 0x1000; page <= 0x6000; page += kPageSize)
            for (unsigned i = 0; i < 512; i++) {
                const std::uint64_t target = (random() % 8) << 12 | (random() % 16 ? 0 : random() << 20);
                ram.put<std::uint64_t>(page + 8 * i, target | (random() & 0x8000'0000'0000'0f7e) |
                                                         (random() % 8 ? 1 : 0) | (random() % 8 ? 0 : 0x80));
            }
        for (unsigned i = 0; i < 500; i++) {
            const Paging paging{random() % 8 ? x86::cr0::PG : 0, (random() % 7 << 12) | (random() & 0xff8),
                                (random() % 2 ? x86::cr4::PAE : 0) | (random() % 2 ? x86::cr4::LA57 : 0) |
                                    (random() % 2 ? x86::cr4::PSE : 0),
                                random() % 2 ? x86::efer::LMA : 0};
            const std::uint64_t va = random();
            const Gpa expected = ReferenceWalk(paging)(ram, va);
            ASSERT_EQ(translate(ram, paging, Gva(va)), expected) << std::hex << va << " cr4 " << paging.cr4;
            found += expected != kNowhere;
        }
    }
    EXPECT_GT(found, 3000u); // it compares translations, not refusals alone
}

} // namespace
} // namespace vmm::test
