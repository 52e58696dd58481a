// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/vmx/entry_failure.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace vmm::vmx {
namespace {

// SDM vol. 3, table 31-1: these numbers are defined, others are not.
TEST(EntryFailure, EveryInstructionErrorHasItsOwnWords) {
    const std::set<unsigned> undefined{14, 21, 27};
    std::set<std::string> seen;
    for (unsigned number = 0; number <= 28; number++) {
        const std::string words = instruction_error(number);
        if (undefined.contains(number))
            EXPECT_EQ(words, "an error without a meaning") << number;
        else
            EXPECT_TRUE(words != "an error without a meaning" && seen.insert(words).second) << number;
    }
    EXPECT_STREQ(instruction_error(29), "an error without a meaning");
    EXPECT_STREQ(instruction_error(~0u), "an error without a meaning");
}

TEST(EntryFailure, Samples) {
    EXPECT_STREQ(instruction_error(4), "VMLAUNCH of a VMCS that is not clear");
    EXPECT_STREQ(instruction_error(5), "VMRESUME of a VMCS that was not launched");
    EXPECT_STREQ(instruction_error(7), "entry with a control that the CPU refuses");
    EXPECT_STREQ(instruction_error(8), "entry with a host state that the CPU refuses");
    EXPECT_STREQ(instruction_error(12), "VMREAD or VMWRITE of a field that the CPU lacks");
    EXPECT_STREQ(instruction_error(26), "entry in the shadow of a MOV SS");
    EXPECT_STREQ(instruction_error(28), "INVEPT or INVVPID with an operand that the CPU refuses");
}

// 27.8: reasons 33, 34 and 41; of the first the qualification tells more.
TEST(EntryFailure, ReasonsOfFailedEntries) {
    for (unsigned reason = 0; reason < 70; reason++) {
        const bool failure = reason == 33 || reason == 34 || reason == 41;
        EXPECT_EQ(entry_failure(ExitReason{static_cast<std::uint16_t>(reason)}, 0) != nullptr, failure) << reason;
    }
    const auto words = [](std::uint64_t qualification) {
        return std::string(entry_failure(ExitReason::EntryFailureGuestState, qualification));
    };
    EXPECT_EQ(words(0), "entry with a guest state that the CPU refuses");
    EXPECT_EQ(words(1), words(0));
    EXPECT_EQ(words(2), words(0) + ": a PDPTE");
    EXPECT_EQ(words(3), words(0) + ": an NMI while STI blocks it");
    EXPECT_EQ(words(4), words(0) + ": the VMCS link pointer");
    EXPECT_EQ(words(~0ull), words(0));
}

} // namespace
} // namespace vmm::vmx
