// SPDX-License-Identifier: GPL-2.0-only
// What a VM sees of CPUID where it is not the hardware's answer less some bits: SDM vol. 2, CPUID; vol. 1, 13.4.3.
#include "vmm/policy/vm_cpuid.hpp"

#include <gtest/gtest.h>

namespace vmm::test {
namespace {

class VmCpuid : public testing::Test {
  protected:
    VmCpuid() {
        play(&hardware_);
        features_.xcr0 = 0xe7;
        hardware_.leaves[{0xd, 1}] = {0xf, 0xffff, 0x1900, 0xffff};
        // AVX, and of AVX-512 the mask registers and two halves, the last of which wants to be aligned.
        hardware_.leaves[{0xd, 2}] = {256, 576, 0, 0};
        hardware_.leaves[{0xd, 5}] = {72, 1088, 0, 0};
        hardware_.leaves[{0xd, 6}] = {512, 1152, 0, 0};
        hardware_.leaves[{0xd, 7}] = {1024, 1664, 2, 0};
    }
    ~VmCpuid() override { play(nullptr); }
    x86::CpuidResult answer(std::uint32_t leaf, std::uint32_t subleaf = 0) const {
        return policy::answer_vm_cpuid(
            leaf, subleaf,
            {.cr4 = x86::cr4::OSXSAVE, .number = 0, .count = 1, .apic_enabled = true, .features = features_});
    }

    Hardware hardware_;
    ExtendedFeatures features_;
};

TEST_F(VmCpuid, TheCompactedSizeFollowsWhatTheVcpuHasEnabled) {
    for (const auto &[enabled, size] : {std::pair{0x1u, 576u},
                                        {0x3u, 576u},
                                        {0x7u, 832u},
                                        {0x27u, 904u},
                                        {0xe7u, 2496u /* 904 + 512 = 1416, then from 1472 */}}) {
        hardware_.xcr0 = enabled;
        EXPECT_EQ(answer(0xd, 1), (x86::CpuidResult{0x7, size, 0, 0})) << std::hex << enabled;
    }
}

TEST_F(VmCpuid, NoSizeIsToldWithoutXsavec) {
    hardware_.leaves[{0xd, 1}] = {0x5, 0xffff, 0, 0};
    EXPECT_EQ(answer(0xd, 1), (x86::CpuidResult{0x5, 0, 0, 0}));
    features_.xcr0 = 0;
    hardware_.leaves[{0xd, 1}] = {0xf, 0xffff, 0, 0};
    EXPECT_EQ(answer(0xd, 1), (x86::CpuidResult{0x7, 0, 0, 0}));
}

TEST_F(VmCpuid, ComponentsThatAreNotSwitchedAreNotThere) {
    hardware_.leaves[{0xd, 0}] = {~0u, 2752, 2752, ~0u};
    EXPECT_EQ(answer(0xd), (x86::CpuidResult{0xe7, 2752, 2752, 0}));
    hardware_.leaves[{0xd, 9}] = {8, 2688, 0, 0};
    EXPECT_EQ(answer(0xd, 9), (x86::CpuidResult{}));
    EXPECT_EQ(answer(0xd, 2).eax, 256u);
    EXPECT_EQ(answer(0xd, 64), (x86::CpuidResult{}));
}

} // namespace
} // namespace vmm::test
