// SPDX-License-Identifier: GPL-2.0-only
#include "vmnix/preflight.h"

#include <functional>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>

#include "tests/unit/vmnix/good_machines.hpp"
#include "vmm/vmx/controls.hpp"

namespace vmnix_unit {
namespace {

using testing::HasSubstr;

std::uint64_t &msr(vmnix_facts &f, std::uint32_t number) {
    return f.vmx_msrs[VMNIX_VMX_MSR(number)];
}

TEST(PreflightVmx, AcceptsRecordedMachines) {
    for (const VmxCapabilities &recorded : kVmxCapabilities) {
        const vmnix_refusal refusal = vmnix_preflight(good_intel_machine(recorded).get());
        EXPECT_EQ(refusal.error, 0) << recorded.model << ": " << refusal.reason;
    }
}

// Each bit without which the VMM cannot run, by MSR, with what a refusal calls it: a second time what the table says.
struct Need {
    std::uint32_t msr, bit;
    const char *what;
};

constexpr Need kNeeds[] = {
    {0x48d, 32, "external-interrupt exiting"},
    {0x48d, 35, "NMI exiting"},
    {0x48d, 37, "virtual NMIs"},
    {0x48e, 34, "interrupt-window exiting"},
    {0x48e, 39, "HLT exiting"},
    {0x48e, 43, "RDPMC exiting"},
    {0x48e, 51, "CR8-load exiting"},
    {0x48e, 52, "CR8-store exiting"},
    {0x48e, 54, "NMI-window exiting"},
    {0x48e, 57, "I/O bitmaps"},
    {0x48e, 60, "MSR bitmaps"},
    {0x48e, 63, "secondary controls"},
    {0x48b, 33, "EPT"},
    {0x48b, 37, "VPID"},
    {0x48b, 38, "WBINVD exiting"},
    {0x48b, 39, "unrestricted guest"},
    {0x48f, 34, "saving debug controls on exit"},
    {0x48f, 41, "64-bit host"},
    {0x48f, 47, "acknowledging interrupts on exit"},
    {0x48f, 50, "saving PAT on exit"},
    {0x48f, 51, "loading PAT on exit"},
    {0x48f, 52, "saving EFER on exit"},
    {0x48f, 53, "loading EFER on exit"},
    {0x490, 34, "loading debug controls on entry"},
    {0x490, 41, "64-bit guests"},
    {0x490, 46, "loading PAT on entry"},
    {0x490, 47, "loading EFER on entry"},
    {0x48c, 6, "EPT of 4 levels"},
    {0x48c, 14, "write-back EPT structures"},
    {0x48c, 16, "EPT pages of 2 MiB"},
    {0x48c, 20, "INVEPT"},
    {0x48c, 25, "INVEPT of one context"},
    {0x48c, 26, "INVEPT of all contexts"},
    {0x48c, 32, "INVVPID"},
    {0x48c, 41, "INVVPID of one context"},
    {0x48c, 42, "INVVPID of all contexts"},
    {0x480, 55, "true controls"},
};

// Exactly these bits of the control MSRs matter: every other one may be missing.
TEST(PreflightVmx, RefusesEachMissingCapabilityByName) {
    for (const std::uint32_t number : {0x48bu, 0x48cu, 0x48du, 0x48eu, 0x48fu, 0x490u})
        for (std::uint32_t bit = 0; bit < 64; bit++) {
            auto facts = good_intel_machine();
            msr(*facts, number) &= ~(1ull << bit);
            const Need *need = std::find_if(std::begin(kNeeds), std::end(kNeeds),
                                            [&](const Need &n) { return n.msr == number && n.bit == bit; });
            const vmnix_refusal refusal = vmnix_preflight(facts.get());
            if (need == std::end(kNeeds)) {
                EXPECT_EQ(refusal.error, 0) << refusal.reason;
                continue;
            }
            EXPECT_EQ(refusal.error, ENODEV) << need->what;
            EXPECT_THAT(refusal.reason, HasSubstr(std::string(" lacks ") + need->what + " (MSR "));
            EXPECT_THAT(refusal.remedy, HasSubstr("outer hypervisor"));
        }
}

// The module judges before the VMM has seen the CPU: what the VMM would find missing is refused by name before that.
TEST(PreflightVmx, RefusesAllThatTheVmmWants) {
    constexpr std::uint32_t kMsrs[vmm::vmx::kWords] = {0x48d, 0x48e, 0x48b, 0x48f, 0x490};
    for (unsigned word = 0; word < vmm::vmx::kWords; word++)
        for (const auto *wanted : {&vmm::vmx::kConsoleControls, &vmm::vmx::kVmControls})
            for (unsigned bit = 0; bit < 32; bit++) {
                if (!((*wanted)[static_cast<vmm::vmx::Word>(word)].mandatory() >> bit & 1))
                    continue;
                auto facts = good_intel_machine();
                msr(*facts, kMsrs[word]) &= ~(1ull << (32 + bit));
                EXPECT_EQ(vmnix_preflight(facts.get()).error, ENODEV) << std::hex << kMsrs[word] << " bit " << bit;
            }
    for (const vmm::vmx::NeededCapability &row : vmm::vmx::kNeededCapabilities) {
        auto facts = good_intel_machine();
        msr(*facts, row.word == &vmm::vmx::Capabilities::basic ? 0x480 : 0x48c) ^= row.mask;
        EXPECT_EQ(vmnix_preflight(facts.get()).error, ENODEV) << row.name;
    }
}

struct Row {
    const char *what;
    int error;
    const char *reason; // part of it
    const char *remedy; // likewise
    std::function<void(vmnix_facts &)> spoil;
};

void PrintTo(const Row &row, std::ostream *out) {
    *out << row.what;
}

class PreflightVmxRefuses : public testing::TestWithParam<Row> {};

TEST_P(PreflightVmxRefuses, WithReasonAndRemedy) {
    auto facts = good_intel_machine();
    GetParam().spoil(*facts);
    const vmnix_refusal refusal = vmnix_preflight(facts.get());
    EXPECT_EQ(refusal.error, GetParam().error);
    EXPECT_THAT(refusal.reason, HasSubstr(GetParam().reason));
    EXPECT_THAT(refusal.remedy, HasSubstr(GetParam().remedy));
    EXPECT_LT(std::strlen(refusal.reason), sizeof(refusal.reason) - 1);
    EXPECT_LT(std::strlen(refusal.remedy), sizeof(refusal.remedy) - 1);
}

constexpr std::uint64_t kLa57 = 1 << 12, kVmxe = 1 << 13;

const Row kRows[] = {
    {"no VT-x", ENODEV, "does not offer VT-x", "Intel Virtualization Technology",
     [](vmnix_facts &f) { f.vmx = false, std::fill(std::begin(f.vmx_msrs), std::end(f.vmx_msrs), 0); }},
    {"locked off", EPERM, "locked by the firmware on CPU 1 (IA32_FEATURE_CONTROL 0x1)", "firmware set-up",
     [](vmnix_facts &f) { f.cpu[1].feature_control = 1; }},
    {"inside SMX only", EPERM, "locked by the firmware on CPU 0 (IA32_FEATURE_CONTROL 0x3)", "firmware set-up",
     [](vmnix_facts &f) { f.cpu[0].feature_control = 3; }},
    {"open", EPERM, "neither firmware nor Linux has enabled VT-x on CPU 0", "firmware set-up",
     [](vmnix_facts &f) { f.cpu[0].feature_control = 0; }},
    {"enabled and open", EPERM, "neither firmware nor Linux has enabled VT-x on CPU 1", "firmware set-up",
     [](vmnix_facts &f) { f.cpu[1].feature_control = 4; }},
    {"in use", EBUSY, "in use on CPU 1 (CR4.VMXE)", "if any, then 'modprobe -r kvm_intel'",
     [](vmnix_facts &f) { f.cpu[1].cr4 |= kVmxe, f.unknown = VMNIX_UNKNOWN_KVM; }},
    {"kvm idle", EBUSY, "in use on CPU 0", "'modprobe -r kvm_intel' (the vmnix service does it)",
     [](vmnix_facts &f) { f.cpu[0].cr4 |= kVmxe; }},
    {"kvm in use", EBUSY, "in use on CPU 0", "stop the virtual machines",
     [](vmnix_facts &f) { f.cpu[0].cr4 |= kVmxe, f.kvm_users = 1; }},
    {"VMCS of no bytes", ENODEV, "VMCS takes 0 bytes", "newer CPU",
     [](vmnix_facts &f) { msr(f, 0x480) &= ~(0x1fffull << 32); }},
    {"VMCS beyond a page", ENODEV, "VMCS takes 4097 bytes", "newer CPU",
     [](vmnix_facts &f) { msr(f, 0x480) = (msr(f, 0x480) & ~(0x1fffull << 32)) | 4097ull << 32; }},
    {"VMCS in low memory", ENODEV, "below 4 GiB", "newer CPU", [](vmnix_facts &f) { msr(f, 0x480) |= 1ull << 48; }},
    {"VMCS uncacheable", ENODEV, "not of memory type write-back (but 0)", "newer CPU",
     [](vmnix_facts &f) { msr(f, 0x480) &= ~(0xfull << 50); }},
    {"no true controls", ENODEV, "lacks true controls (MSR 0x480 bit 55)", "newer CPU",
     [](vmnix_facts &f) { msr(f, 0x480) &= ~(1ull << 55); }},
    {"CPUs differ", ENODEV, "CPU 1 has other VT-x capabilities than the others (MSR 0x48c)", "report",
     [](vmnix_facts &f) { f.cpu[1].vmx_differs = 0x48c; }},
    {"5 levels, many bits, EPT of 4", ENODEV, "5-level paging and 52 physical address bits", "no5lvl",
     [](vmnix_facts &f) { f.cpu[0].cr4 |= kLa57, f.cpu[1].cr4 |= kLa57, f.physical_bits = 52; }},
    {"unknown bit", ENODEV, "CR4 bit 24", "", [](vmnix_facts &f) { f.cpu[0].cr4 |= 1 << 24; }},
};
INSTANTIATE_TEST_SUITE_P(Intel, PreflightVmxRefuses, testing::ValuesIn(kRows));

// Levels of the guest's own tables are not EPT's business as long as 48 bits reach every address.
TEST(PreflightVmx, FiveLevelPagingNeedsEptOfFiveLevelsBeyond48Bits) {
    const auto error = [](unsigned physical_bits, bool la57, bool walk_5) {
        auto facts = good_intel_machine();
        facts->physical_bits = physical_bits;
        for (unsigned cpu = 0; cpu < 2; cpu++)
            facts->cpu[cpu].cr4 |= la57 ? kLa57 : 0;
        if (walk_5)
            msr(*facts, 0x48c) |= 1 << 7;
        return vmnix_preflight(facts.get()).error;
    };
    EXPECT_EQ(error(48, true, false), 0);
    EXPECT_EQ(error(49, false, false), 0);
    EXPECT_EQ(error(49, true, true), 0);
    EXPECT_EQ(error(49, true, false), ENODEV);
}

// One missing thing is one row: what follows from it is not told again.
TEST(PreflightVmx, ACpuWithoutItIsRefusedInOneRow) {
    auto facts = good_intel_machine();
    facts->vmx = false;
    std::fill(std::begin(facts->vmx_msrs), std::end(facts->vmx_msrs), 0);
    facts->cpu[0].feature_control = facts->cpu[1].feature_control = 0;
    unsigned refused = 0;
    vmnix_refusal refusal;
    for (std::uint32_t row = 0; vmnix_preflight_row_name(row); row++)
        refused += vmnix_preflight_row(facts.get(), row, &refusal) == VMNIX_ROW_REFUSED;
    EXPECT_EQ(refused, 1u);
}

} // namespace
} // namespace vmnix_unit
