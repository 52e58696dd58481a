// SPDX-License-Identifier: GPL-2.0-only
#include "vmnix/attach_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vmnix_unit {
namespace {

using testing::HasSubstr;

vmnix_refusal judge(std::uint32_t module, std::uint32_t vmm, std::uint32_t oldest) {
    const vmnix_attach_facts facts{
        .module_abi = module, .vmm_abi = vmm, .vmm_oldest = oldest, .restarts = true, .version = "1.2.3"};
    return vmnix_attach_judge(&facts);
}

TEST(AttachRules, TheSameAbiFits) {
    const vmnix_refusal refusal = judge(2, 2, 1);
    EXPECT_EQ(refusal.error, 0);
    EXPECT_STREQ(refusal.reason, "");
}

TEST(AttachRules, AnOlderModuleFitsAsLongAsItIsServed) {
    EXPECT_EQ(judge(4, 5, 4).error, 0);
    EXPECT_EQ(judge(3, 5, 3).error, 0); // a VMM may serve more than one step
    EXPECT_EQ(judge(3, 5, 4).error, EPROTO);
}

TEST(AttachRules, ANewerModuleFitsByOneStep) {
    EXPECT_EQ(judge(6, 5, 4).error, 0);
    EXPECT_EQ(judge(7, 5, 4).error, EPROTO);
}

TEST(AttachRules, ExtremesDoNotWrapAround) {
    EXPECT_EQ(judge(0, 2, 1).error, EPROTO);
    EXPECT_EQ(judge(2, ~0u - 1, ~0u - 2).error, EPROTO);
    EXPECT_EQ(judge(~0u, 2, 1).error, EPROTO);
}

TEST(AttachRules, ARefusalNamesTheModuleThatFits) {
    vmnix_attach_facts facts{.module_abi = 5, .vmm_abi = 2, .vmm_oldest = 1, .restarts = true, .version = "1.2.3"};
    vmnix_refusal refusal = vmnix_attach_judge(&facts);
    EXPECT_STREQ(refusal.reason, "this module speaks hypercall ABI 5, the VMM below 2 (oldest 1)");
    EXPECT_THAT(refusal.remedy, HasSubstr("the module of vmnix 1.2.3"));
    EXPECT_THAT(refusal.remedy, HasSubstr("VMs go on"));
    facts.version[0] = 0;
    refusal = vmnix_attach_judge(&facts);
    EXPECT_THAT(refusal.remedy, HasSubstr("ABI 1 to 3"));
}

TEST(AttachRules, AVmmThatCannotBeAttachedToIsLeftAlone) {
    const vmnix_attach_facts facts{
        .module_abi = 2, .vmm_abi = 1, .vmm_oldest = 1, .restarts = false, .version = "0.1.0"};
    EXPECT_EQ(vmnix_attach_judge(&facts).error, EEXIST);
}

} // namespace
} // namespace vmnix_unit
