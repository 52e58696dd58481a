// SPDX-License-Identifier: GPL-2.0-only
#include "vmnix/preflight.h"

#include <cstring>
#include <functional>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>
#include <string>

#include "tests/unit/vmnix/good_machines.hpp"
#include "vmnix/image_text.h"
#include "vmnix/known_bits.h"

namespace vmnix_unit {
namespace {

TEST(Preflight, AcceptsAGoodMachine) {
    const vmnix_refusal refusal = vmnix_preflight(good_machine().get());
    EXPECT_EQ(refusal.error, 0) << refusal.reason;
    EXPECT_STREQ(refusal.reason, "");
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

class PreflightRefuses : public testing::TestWithParam<Row> {};

TEST_P(PreflightRefuses, WithReasonAndRemedy) {
    auto facts = good_machine();
    GetParam().spoil(*facts);
    const vmnix_refusal refusal = vmnix_preflight(facts.get());
    EXPECT_EQ(refusal.error, GetParam().error);
    EXPECT_THAT(refusal.reason, testing::HasSubstr(GetParam().reason));
    EXPECT_THAT(refusal.remedy, testing::HasSubstr(GetParam().remedy));
}

const Row kCpu[] = {
    {"other vendor", ENODEV, "'CentaurHauls'", "AMD CPU that has SVM, or an Intel CPU that has VT-x",
     [](vmnix_facts &f) { std::strcpy(f.vendor, "CentaurHauls"), f.vmx = true; }},
    {"no SVM", ENODEV, "does not offer SVM", "firmware", [](vmnix_facts &f) { f.svm = f.npt = false; }},
    {"no nested paging", ENODEV, "nested paging", "newer CPU", [](vmnix_facts &f) { f.npt = false; }},
    {"no ASIDs", ENODEV, "address space identifiers", "newer CPU", [](vmnix_facts &f) { f.svm_asids = 1; }},
    {"SVM off in firmware", EPERM, "SVM is disabled on CPU 1", "firmware",
     [](vmnix_facts &f) { f.cpu[1].vm_cr = 0x10; }},
    {"SVM off and locked", EPERM, "locked by the firmware on CPU 0", "firmware",
     [](vmnix_facts &f) { f.cpu[0].vm_cr = 0x18; }},
    {"SVM in use", EBUSY, "in use on CPU 1", "modprobe -r kvm_amd",
     [](vmnix_facts &f) { f.cpu[1].efer |= 0x1000, f.unknown = VMNIX_UNKNOWN_KVM; }},
    {"kvm idle", EBUSY, "in use on CPU 0", "the vmnix service does it",
     [](vmnix_facts &f) { f.cpu[0].efer |= 0x1000; }},
    {"kvm in use", EBUSY, "in use on CPU 0", "stop the virtual machines",
     [](vmnix_facts &f) { f.cpu[0].efer |= 0x1000, f.kvm_users = 1; }},
    {"no long mode", ENODEV, "long mode", "64-bit kernel", [](vmnix_facts &f) { f.cpu[0].efer &= ~0x400ull; }},
    {"no NX", ENODEV, "no-execute", "noexec=off", [](vmnix_facts &f) { f.cpu[0].efer &= ~0x800ull; }},
    {"SME", ENODEV, "SYSCFG.MEM_ENC", "mem_encrypt=off",
     [](vmnix_facts &f) { f.cpu[0].syscfg = f.cpu[1].syscfg = 1ull << 23; }},
    {"SME on one CPU", ENODEV, "SYSCFG.MEM_ENC", "mem_encrypt=off",
     [](vmnix_facts &f) { f.cpu[1].syscfg = 1ull << 23; }},
    {"kernel shadow stacks", ENODEV, "CPU 1 runs the kernel with shadow stacks", "kernel without",
     [](vmnix_facts &f) { f.cpu[1].s_cet = 1; }},
    {"CR4 differs", ENODEV, "differ in CR4 (bits 0x100000)", "report", [](vmnix_facts &f) { f.cpu[1].cr4 ^= 1 << 20; }},
    {"EFER differs", ENODEV, "differ in EFER (bits 0x200000)", "report",
     [](vmnix_facts &f) { f.cpu[1].efer ^= 1 << 21; }},
    {"XCR0 differs", ENODEV, "differ in XCR0", "report", [](vmnix_facts &f) { f.cpu[1].xcr0 = 3; }},
    {"XSS differs", ENODEV, "differ in IA32_XSS", "report", [](vmnix_facts &f) { f.cpu[1].xss = 0x800; }},
    {"SYSCFG differs", ENODEV, "differ in SYSCFG", "report", [](vmnix_facts &f) { f.cpu[1].syscfg = 1 << 18; }},
    {"local APIC disabled", ENODEV, "local APIC of CPU 1", "nolapic", [](vmnix_facts &f) { f.cpu[1].apic_base = 0; }},
    {"xAPIC here, x2APIC there", ENODEV, "local APIC of CPU 1 is in another mode", "report",
     [](vmnix_facts &f) { f.cpu[1].apic_base |= 0x400; }},
    {"local APIC moved", ENODEV, "local APIC of CPU 1 is in another mode", "report",
     [](vmnix_facts &f) { f.cpu[1].apic_base ^= 0x1000; }},
    {"few physical bits", ENODEV, "35 physical address bits", "report", [](vmnix_facts &f) { f.physical_bits = 35; }},
    {"many physical bits", ENODEV, "53 physical address bits", "report", [](vmnix_facts &f) { f.physical_bits = 53; }},
    {"much memory, 4 levels", E2BIG, "beyond 64 TiB", "mem=64T",
     [](vmnix_facts &f) { f.highest_ram = (64ull << 40) + 1, f.physical_bits = 48; }},
};
INSTANTIATE_TEST_SUITE_P(Cpu, PreflightRefuses, testing::ValuesIn(kCpu));

const Row kMachine[] = {
    {"vmnix=off", ECANCELED, "vmnix=off", "without", [](vmnix_facts &f) { f.command_line_off = true; }},
    {"launched already", EEXIST, "already runs under a vmnix VMM", "vmnix status",
     [](vmnix_facts &f) { f.under_vmnix = true; }},
    {"no IO-APIC", ENODEV, "0 IO-APICs", "ACPI", [](vmnix_facts &f) { f.ioapic_count = 0; }},
    {"17 IO-APICs", E2BIG, "17 IO-APICs", "report", [](vmnix_facts &f) { f.ioapic_count = 17; }},
    {"memory in pieces", E2BIG, "129 pieces", "iomem", [](vmnix_facts &f) { f.memory_ranges = 129; }},
    {"no TSC", ENODEV, "time stamp counter", "notsc", [](vmnix_facts &f) { f.tsc_khz = 0; }},
    {"one CPU offline", EAGAIN, "CPU 3 is present but offline", "cpu3/online",
     [](vmnix_facts &f) { f.offline_count = 1, f.first_offline = 3; }},
    {"two CPUs offline", EAGAIN, "not the only one", "cpu2/online",
     [](vmnix_facts &f) { f.offline_count = 2, f.first_offline = 2; }},
    {"too many CPUs", E2BIG, "257 CPUs", "nr_cpus=256", [](vmnix_facts &f) { f.cpu_count = VMNIX_MAX_CPUS + 1; }},
    {"no CPUs", E2BIG, "0 CPUs", "nr_cpus=256", [](vmnix_facts &f) { f.cpu_count = 0; }},
    {"little memory", ENOMEM, "2 MiB of memory are needed and 1 MiB available", "stop programs",
     [](vmnix_facts &f) { f.memory_available = 1 << 20; }},
};
INSTANTIATE_TEST_SUITE_P(Machine, PreflightRefuses, testing::ValuesIn(kMachine));

// The closed world, bit by bit, on each CPU.
TEST(Preflight, RefusesEveryUnknownBit) {
    std::uint64_t vmnix_cpu_facts::*const members[] = {&vmnix_cpu_facts::cr4, &vmnix_cpu_facts::efer,
                                                       &vmnix_cpu_facts::xcr0, &vmnix_cpu_facts::xss};
    for (unsigned word = 0; word < VMNIX_WORDS; word++)
        for (unsigned bit = 0; bit < 64; bit++)
            for (unsigned cpu = 0; cpu < 2; cpu++) {
                auto facts = good_machine();
                facts->cpu[cpu].*members[word] |= 1ull << bit;
                const vmnix_refusal refusal = vmnix_preflight(facts.get());
                const auto which = static_cast<vmnix_word>(word);
                const std::string name = std::string(vmnix_word_name(which)) + " bit " + std::to_string(bit);
                const bool named = std::string(refusal.reason).find(name + " ") != std::string::npos;
                EXPECT_EQ(named, !vmnix_bit_is_known(which, bit)) << name << ": " << refusal.reason;
                EXPECT_EQ(named ? refusal.error : ENODEV, ENODEV);
            }
}

// A known bit that all CPUs have set is no reason, unless the vendor's own row says so (EFER.SVME, CR4.VMXE).
TEST(Preflight, AcceptsEveryKnownBit) {
    std::uint64_t vmnix_cpu_facts::*const members[] = {&vmnix_cpu_facts::cr4, &vmnix_cpu_facts::efer,
                                                       &vmnix_cpu_facts::xcr0, &vmnix_cpu_facts::xss};
    for (unsigned word = 0; word < VMNIX_WORDS; word++)
        for (unsigned bit = 0; bit < 64; bit++) {
            if (!vmnix_bit_is_known(static_cast<vmnix_word>(word), bit))
                continue;
            const bool svme = word == VMNIX_WORD_EFER && bit == 12, vmxe = word == VMNIX_WORD_CR4 && bit == 13;
            auto amd = good_machine(), intel = good_intel_machine();
            for (vmnix_facts *facts : {amd.get(), intel.get()})
                for (unsigned cpu = 0; cpu < 2; cpu++)
                    facts->cpu[cpu].*members[word] |= 1ull << bit;
            EXPECT_EQ(vmnix_preflight(amd.get()).error, svme ? EBUSY : 0) << word << " " << bit;
            EXPECT_EQ(vmnix_preflight(intel.get()).error, vmxe ? EBUSY : 0) << word << " " << bit;
        }
}

// What changes with the task, or means nothing in 64-bit mode, may differ between CPUs.
TEST(Preflight, IgnoresDifferencesThatMeanNothing) {
    for (unsigned bit : {2u, 4u, 8u}) {
        auto facts = good_machine();
        facts->cpu[1].cr4 ^= 1ull << bit;
        EXPECT_EQ(vmnix_preflight(facts.get()).error, 0) << bit;
    }
}

TEST(Preflight, TakesHygonForAmd) {
    auto facts = good_machine();
    std::strcpy(facts->vendor, "HygonGenuine");
    EXPECT_EQ(vmnix_preflight(facts.get()).error, 0);
    facts->npt = false;
    EXPECT_EQ(vmnix_preflight(facts.get()).error, ENODEV);
}

// A row about one vendor's CPUs is not asked of another's, whatever the facts say.
TEST(Preflight, RowsAreForTheirVendor) {
    std::vector<std::string> amd, intel;
    vmnix_refusal refusal;
    for (std::uint32_t row = 0; const char *name = vmnix_preflight_row_name(row); row++) {
        if (vmnix_preflight_row(good_intel_machine().get(), row, &refusal) == VMNIX_ROW_OTHER_VENDOR)
            amd.emplace_back(name);
        if (vmnix_preflight_row(good_machine().get(), row, &refusal) == VMNIX_ROW_OTHER_VENDOR)
            intel.emplace_back(name);
    }
    EXPECT_THAT(amd, testing::ElementsAre("SVM", "nested paging", "SVM enabled by firmware", "SVM not in use",
                                          "memory encryption"));
    EXPECT_THAT(intel, testing::ElementsAre("VT-x", "VT-x enabled by firmware", "VT-x structures", "VT-x controls",
                                            "extended page tables", "VT-x not in use"));
}

TEST(Preflight, FiveLevelsReachFurther) {
    auto facts = good_machine();
    facts->highest_ram = 65ull << 40;
    facts->physical_bits = 52;
    for (unsigned cpu = 0; cpu < 2; cpu++)
        facts->cpu[cpu].cr4 |= 1 << 12;
    EXPECT_EQ(vmnix_preflight(facts.get()).error, 0);
}

TEST(Preflight, EveryImageErrorHasItsOwnText) {
    std::vector<std::string> reasons;
    for (int error = VMNIX_IMAGE_OK + 1; error < VMNIX_BAD_ERRORS; error++) {
        auto facts = good_machine();
        facts->image = static_cast<vmnix_image_error>(error);
        const vmnix_refusal refusal = vmnix_preflight(facts.get());
        EXPECT_GT(refusal.error, 0) << error;
        EXPECT_THAT(refusal.remedy, testing::HasSubstr("make install")) << error;
        EXPECT_THAT(reasons, testing::Not(testing::Contains(std::string(refusal.reason))));
        reasons.emplace_back(refusal.reason);
    }
    EXPECT_STREQ(vmnix_image_text(VMNIX_BAD_ERRORS)->reason, vmnix_image_text(VMNIX_BAD_HEADERS)->reason);
}

TEST(Preflight, SkipsRowsThatNeedUnknownFacts) {
    auto facts = good_machine();
    facts->cpu[0].efer = 0;
    facts->image = VMNIX_BAD_DIGEST;
    facts->memory_ranges = 1000;
    facts->unknown = VMNIX_UNKNOWN_REGISTERS | VMNIX_UNKNOWN_IMAGE | VMNIX_UNKNOWN_MEMORY_MAP;
    EXPECT_EQ(vmnix_preflight(facts.get()).error, 0);
    unsigned skipped = 0;
    vmnix_refusal refusal;
    for (std::uint32_t row = 0; vmnix_preflight_row_name(row); row++)
        skipped += vmnix_preflight_row(facts.get(), row, &refusal) == VMNIX_ROW_UNKNOWN;
    EXPECT_GE(skipped, 9u);
}

TEST(Preflight, WarnsOfAnUnsteadyClock) {
    auto facts = good_machine();
    EXPECT_EQ(vmnix_preflight_warning(facts.get(), 0), nullptr);
    facts->invariant_tsc = false;
    EXPECT_THAT(vmnix_preflight_warning(facts.get(), 0), testing::HasSubstr("not invariant"));
    EXPECT_EQ(vmnix_preflight_warning(facts.get(), 1), nullptr);
}

// The texts must fit: a cut-off remedy is none.
TEST(Preflight, TextsAreNotCutOff) {
    const auto fits = [](const Row &row) {
        auto facts = good_machine();
        row.spoil(*facts);
        const vmnix_refusal refusal = vmnix_preflight(facts.get());
        EXPECT_LT(std::strlen(refusal.reason), sizeof(refusal.reason) - 1) << row.what;
        EXPECT_LT(std::strlen(refusal.remedy), sizeof(refusal.remedy) - 1) << row.what;
    };
    for (const Row &row : kCpu)
        fits(row);
    for (const Row &row : kMachine)
        fits(row);
}

} // namespace
} // namespace vmnix_unit
