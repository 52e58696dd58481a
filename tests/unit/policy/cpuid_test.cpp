// SPDX-License-Identifier: GPL-2.0-only
// What the console sees of CPUID, bit by bit: APM vol. 3, appendix E.
#include "vmm/policy/cpuid.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <string>

namespace vmm::test {
namespace {

using policy::CpuidContext;
constexpr std::uint64_t kFeatureBits = 0x8000000000000003;

class Cpuid : public testing::Test {
  protected:
    Cpuid() { play(&hardware_); }
    ~Cpuid() override { play(nullptr); }
    x86::CpuidResult answer(std::uint32_t leaf, std::uint32_t subleaf = 0) const {
        return policy::answer_cpuid(leaf, subleaf, context_, kFeatureBits);
    }
    void fill(std::uint32_t leaf, std::uint32_t subleaf = 0) { hardware_.leaves[{leaf, subleaf}] = kOnes; }

    static constexpr x86::CpuidResult kOnes{~0u, ~0u, ~0u, ~0u};
    Hardware hardware_;
    CpuidContext context_{.cr4 = x86::cr4::OSXSAVE | x86::cr4::PKE, .vcpu = 3, .apic_enabled = true};
};

TEST_F(Cpuid, OrdinaryLeavesAreTheHardwares) {
    for (std::uint32_t leaf : {0u, 2u, 4u, 5u, 6u, 0xbu, 0xdu, 0x80000000u, 0x80000008u, 0x8000001du, 0x8000001eu})
        for (std::uint32_t subleaf : {0u, 1u, 2u}) {
            const x86::CpuidResult own{leaf, subleaf, 0x12345678, ~leaf};
            hardware_.leaves[{leaf, subleaf}] = own;
            EXPECT_EQ(answer(leaf, subleaf), own) << std::hex << leaf;
        }
}

// Bits that tell of control registers must tell of the vCPU's, and the VMM's presence is told.
TEST_F(Cpuid, FeaturesFollowTheVcpu) {
    constexpr std::uint32_t kOsxsave = 1u << 27, kHypervisor = 1u << 31, kApic = 1u << 9;
    constexpr std::uint32_t kNested = policy::kVmxBit | policy::kSmxBit; // never shown
    fill(1);
    EXPECT_EQ(answer(1), (x86::CpuidResult{~0u, ~0u, ~kNested, ~0u}));
    context_.cr4 = 0;
    context_.apic_enabled = false;
    EXPECT_EQ(answer(1), (x86::CpuidResult{~0u, ~0u, ~(kOsxsave | kNested), ~kApic}));
    hardware_.leaves[{1, 0}] = {0, 0, 0, 0};
    EXPECT_EQ(answer(1), (x86::CpuidResult{0, 0, kHypervisor, 0}));
    context_.cr4 = x86::cr4::OSXSAVE;
    EXPECT_EQ(answer(1).ecx, kHypervisor | kOsxsave);
}

TEST_F(Cpuid, StructuredFeaturesFollowTheVcpu) {
    constexpr std::uint32_t kOspke = 1u << 4;
    fill(7);
    fill(7, 1);
    EXPECT_EQ(answer(7), kOnes);
    context_.cr4 = 0;
    EXPECT_EQ(answer(7), (x86::CpuidResult{~0u, ~0u, ~kOspke, ~0u}));
    EXPECT_EQ(answer(7, 1), kOnes); // only the first subleaf has that bit
}

TEST_F(Cpuid, VirtualisationIsOutOfSight) {
    constexpr std::uint32_t kSvmBit = 1u << 2, kSkinit = 1u << 12;
    fill(0x80000001);
    EXPECT_EQ(answer(0x80000001).ecx, ~(kSvmBit | kSkinit));
    EXPECT_EQ(answer(0x80000001).edx, ~0u);
    EXPECT_EQ(answer(0x80000001).eax, ~0u);
    fill(0x8000000a);
    EXPECT_EQ(answer(0x8000000a), (x86::CpuidResult{}));
}

TEST_F(Cpuid, OwnLeaves) {
    const auto base = answer(VMNIX_CPUID_BASE);
    EXPECT_EQ(base.eax, VMNIX_CPUID_VERSION);
    char signature[13] = {};
    std::memcpy(signature, &base.ebx, 4);
    std::memcpy(signature + 4, &base.ecx, 4);
    std::memcpy(signature + 8, &base.edx, 4);
    EXPECT_EQ(std::string(signature), "vmnixvmnix");
    const auto version = answer(VMNIX_CPUID_VERSION);
    EXPECT_EQ(version, (x86::CpuidResult{VMNIX_HYPERCALL_ABI, VMNIX_HYPERCALL_ABI_OLDEST, 3, 3}));
}

// The hardware, which may be a hypervisor itself, is not asked for leaves of this range.
TEST_F(Cpuid, UnknownOwnLeavesAreZero) {
    for (std::uint32_t leaf : {0x40000002u, 0x40000100u, 0x4fffffffu}) {
        fill(leaf);
        EXPECT_EQ(answer(leaf), (x86::CpuidResult{})) << std::hex << leaf;
    }
    fill(0x50000000);
    EXPECT_EQ(answer(0x50000000), kOnes);
    fill(0x3fffffff);
    EXPECT_EQ(answer(0x3fffffff), kOnes);
}

TEST(CpuidRows, EachSaysWhy) {
    for (const policy::CpuidRow &row : policy::kCpuidRows)
        EXPECT_GT(std::strlen(row.why), 10u);
}

} // namespace
} // namespace vmm::test
