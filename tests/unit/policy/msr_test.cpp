// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/policy/msr.hpp"

#include <gtest/gtest.h>

#include <cstring>

namespace vmm::policy {
namespace {

constexpr MsrRow row(std::uint32_t first, std::uint32_t last) {
    return {first, last, MsrAction::Pass, MsrAction::Pass, ""};
}

// The proof that the table is in order can fail.
constexpr MsrRow kOrdered[] = {row(1, 1), row(2, 5), row(6, 6)}, kOverlap[] = {row(1, 4), row(4, 5)},
                 kUnsorted[] = {row(5, 6), row(1, 2)}, kBackwards[] = {row(5, 4)}, kTwice[] = {row(1, 1), row(1, 1)};
static_assert(sorted_and_disjoint(kOrdered) && sorted_and_disjoint({}));
static_assert(!sorted_and_disjoint(kOverlap) && !sorted_and_disjoint(kUnsorted) && !sorted_and_disjoint(kBackwards) &&
              !sorted_and_disjoint(kTwice));

TEST(MsrPolicy, Decisions) {
    struct {
        std::uint32_t index;
        MsrAction read, write;
    } const rows[] = {
        {0x1b, MsrAction::ApicBase, MsrAction::ApicBase},
        {0x10, MsrAction::Pass, MsrAction::Ignore}, // TSC
        {0x48, MsrAction::Pass, MsrAction::Pass},   // SPEC_CTRL
        {0x200, MsrAction::Pass, MsrAction::Mtrr},  // first variable MTRR
        {0x20f, MsrAction::Pass, MsrAction::Mtrr},
        {0x250, MsrAction::Pass, MsrAction::Mtrr}, // fixed MTRRs
        {0x251, MsrAction::Pass, MsrAction::Pass}, // between them
        {0x258, MsrAction::Pass, MsrAction::Mtrr},
        {0x259, MsrAction::Pass, MsrAction::Mtrr},
        {0x268, MsrAction::Pass, MsrAction::Mtrr},
        {0x26f, MsrAction::Pass, MsrAction::Mtrr},
        {0x277, MsrAction::Pass, MsrAction::Pass}, // PAT is the guest's own in the control block
        {0x2ff, MsrAction::Pass, MsrAction::Mtrr}, // default type
        {0x6e0, MsrAction::TscDeadline, MsrAction::TscDeadline},
        {0x800, MsrAction::X2apic, MsrAction::X2apic},
        {0x8ff, MsrAction::X2apic, MsrAction::X2apic},
        {0x7ff, MsrAction::Pass, MsrAction::Pass},
        {0x900, MsrAction::Pass, MsrAction::Pass},
        {0xc0000080, MsrAction::Efer, MsrAction::Efer},
        {0xc0000081, MsrAction::Pass, MsrAction::Pass}, // STAR, by VMLOAD and VMSAVE
        {0xc0000100, MsrAction::Pass, MsrAction::Pass}, // FS.base
        {0xc0010010, MsrAction::Pass, MsrAction::Ignore},
        {0xc0010020, MsrAction::Pass, MsrAction::Ignore},
        {0xc0010114, MsrAction::Refuse, MsrAction::Refuse}, // VM_CR
        {0xc0010115, MsrAction::Refuse, MsrAction::Refuse}, // IGNNE
        {0xc0010117, MsrAction::Refuse, MsrAction::Refuse}, // VM_HSAVE_PA
        {0xc0010118, MsrAction::Refuse, MsrAction::Refuse}, // SVM_KEY
        {0xc0010015, MsrAction::Pass, MsrAction::Pass},     // HWCR
        {0xffffffff, MsrAction::Pass, MsrAction::Pass},
    };
    for (const auto &row : rows) {
        EXPECT_EQ(msr_action(row.index, false), row.read) << std::hex << row.index;
        EXPECT_EQ(msr_action(row.index, true), row.write) << std::hex << row.index;
    }
}

// Every row is what decides for its whole range, first to last.
TEST(MsrPolicy, RowsDecideForTheirRanges) {
    for (const MsrRow &row : kMsrRows)
        for (std::uint32_t index : {row.first, row.first + (row.last - row.first) / 2, row.last}) {
            EXPECT_EQ(msr_action(index, false), row.read);
            EXPECT_EQ(msr_action(index, true), row.write);
        }
}

// A row that changes nothing would be a mistake, and each says why it is there.
TEST(MsrPolicy, RowsHaveReasons) {
    for (const MsrRow &row : kMsrRows) {
        EXPECT_FALSE(row.read == MsrAction::Pass && row.write == MsrAction::Pass) << std::hex << row.first;
        EXPECT_GT(std::strlen(row.why), 5u);
    }
}

} // namespace
} // namespace vmm::policy
