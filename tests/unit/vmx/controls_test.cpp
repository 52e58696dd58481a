// SPDX-License-Identifier: GPL-2.0-only
// Controls of recorded CPUs, and each thing that a CPU may lack.
#include "vmm/vmx/controls.hpp"

#include "tests/unit/vmx/recorded_cpus.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace vmm::vmx {
namespace {

using test::RecordedCpu;

struct Expected {
    const RecordedCpu &cpu;
    std::uint32_t console_secondary, vm_secondary;
};

// By hand from the manual's tables; the models differ in their secondary controls only.
TEST(Controls, OfRecordedCpus) {
    const Expected rows[] = {
        {test::haswell(), 0x000010aa, 0x000010ea},
        {test::skylake(), 0x001010aa, 0x000010ea},         // XSAVES
        {test::sapphire_rapids(), 0x041010aa, 0x000010ea}, // and UMWAIT
        {test::ivy_bridge(), 0x000000aa, 0x000000ea},      // no INVPCID
    };
    for (const Expected &row : rows) {
        const Capabilities c = row.cpu.capabilities();
        EXPECT_EQ(missing(c, kConsoleControls), nullptr) << row.cpu.name;
        EXPECT_EQ(missing(c, kVmControls), nullptr) << row.cpu.name;
        const Result<Controls> console = compute_controls(c, kConsoleControls), vm = compute_controls(c, kVmControls);
        ASSERT_TRUE(console && vm) << row.cpu.name;
        EXPECT_EQ(console->pin, 0x3fu) << row.cpu.name;
        EXPECT_EQ(console->processor, 0x96186172u) << row.cpu.name;
        EXPECT_EQ(console->secondary, row.console_secondary) << row.cpu.name;
        EXPECT_EQ(console->exit, 0x3fefffu) << row.cpu.name;
        EXPECT_EQ(console->entry, 0xd1ffu) << row.cpu.name;
        EXPECT_EQ(vm->pin, 0x3fu) << row.cpu.name;
        EXPECT_EQ(vm->processor, 0xb6186df2u) << row.cpu.name;
        EXPECT_EQ(vm->secondary, row.vm_secondary) << row.cpu.name;
        EXPECT_EQ(vm->exit, 0x3fefffu) << row.cpu.name;
        EXPECT_EQ(vm->entry, 0xd1ffu) << row.cpu.name;
    }
}

std::uint64_t &word_of(Capabilities &c, Word word) {
    std::uint64_t *const words[] = {&c.pin, &c.processor, &c.secondary, &c.exit, &c.entry};
    return *words[static_cast<unsigned>(word)];
}

// Each bit of each word, forbidden: what is mandatory is missed by its name, all else is not missed.
TEST(Controls, EachMandatoryBitIsMissedByItsName) {
    for (const Wanted *wanted : {&kConsoleControls, &kVmControls}) {
        unsigned mandatory = 0;
        for (unsigned i = 0; i < kWords; i++)
            for (unsigned n = 0; n < 32; n++) {
                const Word word{static_cast<std::uint8_t>(i)};
                Capabilities c = test::sapphire_rapids().capabilities();
                word_of(c, word) &= ~(bit(n + 32) | bit(n));
                const char *const name = missing(c, *wanted);
                if (!((*wanted)[word].mandatory() >> n & 1)) {
                    EXPECT_EQ(name, nullptr) << i << "." << n;
                    EXPECT_TRUE(compute_controls(c, *wanted)) << i << "." << n;
                    continue;
                }
                mandatory++;
                ASSERT_NE(name, nullptr) << i << "." << n;
                EXPECT_EQ(compute_controls(c, *wanted).error(), Errc::Unsupported);
                bool named = false;
                for (const NamedControl &row : kNamedControls)
                    named |= row.word == word && row.bit == 1u << n && std::string(row.name) == name;
                EXPECT_TRUE(named) << i << "." << n << " is called " << name;
            }
        EXPECT_EQ(mandatory, wanted == &kConsoleControls ? 25u : 27u);
    }
}

TEST(Controls, NamesAreTheirs) {
    const auto without = [](Word word, std::uint32_t control) {
        Capabilities c = test::haswell().capabilities();
        word_of(c, word) &= ~(std::uint64_t{control} << 32);
        return std::string(missing(c, kVmControls));
    };
    EXPECT_EQ(without(Word::Pin, 1u << 5), "virtual NMIs");
    EXPECT_EQ(without(Word::Processor, 1u << 28), "MSR bitmaps");
    EXPECT_EQ(without(Word::Processor, 1u << 31), "secondary controls");
    EXPECT_EQ(without(Word::Secondary, 1u << 1), "EPT");
    EXPECT_EQ(without(Word::Secondary, 1u << 5), "VPID");
    EXPECT_EQ(without(Word::Secondary, 1u << 6), "WBINVD exiting");
    EXPECT_EQ(without(Word::Secondary, 1u << 7), "unrestricted guest");
    EXPECT_EQ(without(Word::Exit, 1u << 15), "acknowledge interrupt on exit");
    EXPECT_EQ(without(Word::Entry, 1u << 15), "load IA32_EFER at entries");
}

// Also each on CPUs that have it at all.
TEST(Controls, EachNeededCapabilityIsMissedByItsName) {
    for (const RecordedCpu *cpu : test::recorded_cpus())
        for (const NeededCapability &row : kNeededCapabilities) {
            Capabilities c = cpu->capabilities();
            c.*row.word = (c.*row.word & ~row.mask) | (~row.value & row.mask);
            EXPECT_STREQ(missing(c, kConsoleControls), row.name) << cpu->name;
            EXPECT_FALSE(compute_controls(c, kConsoleControls)) << row.name;
        }
    Capabilities c = test::haswell().capabilities();
    c.basic += bit(32); // a region of 4097 bytes
    EXPECT_STREQ(missing(c, kConsoleControls), "a VMCS of one page");
}

TEST(Controls, WithoutEptTheRestOfItIsNotAskedFor) {
    Capabilities c = test::haswell().capabilities();
    c.secondary = c.ept_vpid = 0;
    EXPECT_STREQ(missing(c, kConsoleControls), "EPT");
}

TEST(Controls, ForcedOnes) {
    for (unsigned i = 0; i < kWords; i++)
        for (unsigned n = 0; n < 32; n++) {
            const Word word{static_cast<std::uint8_t>(i)};
            Capabilities c = test::sapphire_rapids().capabilities();
            word_of(c, word) |= bit(n) | bit(n + 32);
            const WantedWord &w = kConsoleControls[word];
            const bool harmless = ((w.set | w.optional | kReservedOnes[i]) >> n & 1) != 0;
            const bool cr3 = word == Word::Processor && (n == 15 || n == 16);
            const char *const name = missing(c, kConsoleControls);
            EXPECT_EQ(std::string(name ? name : ""), harmless ? ""
                                                     : cr3    ? "a way to switch CR3 exiting off"
                                                              : "a way to switch off a control that is not wanted")
                << i << "." << n;
        }
}

// Only true controls can switch CR3 exiting off: A.3.2.
TEST(Controls, OldCpusForceCr3Exiting) {
    RecordedCpu cpu = test::haswell();
    cpu.msrs[msr::Basic] &= ~basic::TrueControls;
    for (std::uint32_t index = 0x48d; index <= 0x490; index++)
        cpu.msrs.erase(index); // such a CPU raises #GP for them
    EXPECT_STREQ(missing(cpu.capabilities(), kConsoleControls), "a way to switch CR3 exiting off");
}

TEST(Controls, MsrsAreReadWhereTheyExist) {
    RecordedCpu cpu = test::haswell();
    cpu.msrs[msr::TrueProcessorControls] &= ~(std::uint64_t{processor::Secondary} << 32);
    cpu.msrs.erase(msr::SecondaryControls);
    cpu.msrs.erase(msr::EptVpidCap);
    EXPECT_STREQ(missing(cpu.capabilities(), kConsoleControls), "secondary controls");
    cpu = test::haswell();
    cpu.msrs[msr::SecondaryControls] = std::uint64_t{secondary::Wbinvd} << 32;
    cpu.msrs.erase(msr::EptVpidCap);
    EXPECT_STREQ(missing(cpu.capabilities(), kConsoleControls), "EPT");
}

TEST(Controls, AdjustObeysTheMsr) {
    std::mt19937_64 random(1);
    for (unsigned i = 0; i < 100000; i++) {
        const auto may = static_cast<std::uint32_t>(random()), must = static_cast<std::uint32_t>(random()) & may;
        const auto wanted = static_cast<std::uint32_t>(random() & random()),
                   optional = static_cast<std::uint32_t>(random());
        const Result<std::uint32_t> value = adjust(wanted, optional, std::uint64_t{may} << 32 | must);
        ASSERT_EQ(static_cast<bool>(value), (wanted & ~may) == 0);
        if (!value)
            continue;
        ASSERT_EQ(*value & ~may, 0u);
        ASSERT_EQ(must & ~*value, 0u);
        ASSERT_EQ(wanted & ~*value, 0u);
        ASSERT_EQ(*value & ~(must | wanted | optional), 0u);
    }
}

TEST(Controls, FeaturesThatTheConsoleWouldLose) {
    for (const RecordedCpu *cpu : {&test::haswell(), &test::skylake(), &test::sapphire_rapids()}) {
        const auto cpuid = [&](std::uint32_t leaf, std::uint32_t subleaf) { return cpu->cpuid(leaf, subleaf); };
        EXPECT_EQ(lost_feature(cpu->capabilities(), cpuid), nullptr) << cpu->name;
    }
    const auto without = [](std::uint32_t control) {
        Capabilities c = test::sapphire_rapids().capabilities();
        c.secondary &= ~(std::uint64_t{control} << 32);
        const char *name =
            lost_feature(c, [](std::uint32_t l, std::uint32_t s) { return test::sapphire_rapids().cpuid(l, s); });
        return std::string(name ? name : "");
    };
    EXPECT_EQ(without(secondary::Rdtscp), "RDTSCP in a guest");
    EXPECT_EQ(without(secondary::Invpcid), "INVPCID in a guest");
    EXPECT_EQ(without(secondary::Xsaves), "XSAVES in a guest");
    EXPECT_EQ(without(secondary::UserWaitAndPause), "UMWAIT in a guest");
    EXPECT_EQ(without(secondary::Pconfig), ""); // this CPU has none
    EXPECT_EQ(without(secondary::Pml), "");
    const auto all = [](std::uint32_t, std::uint32_t) { return x86::CpuidResult{~0u, ~0u, ~0u, ~0u}; };
    EXPECT_STREQ(lost_feature(test::sapphire_rapids().capabilities(), all), "PCONFIG in a guest");
}

TEST(Controls, FixedBitsOfControlRegisters) {
    const Capabilities c = test::haswell().capabilities();
    EXPECT_EQ(allowed_cr0(c, 0, false), 0x80000021u);
    EXPECT_EQ(allowed_cr0(c, 0, true), 0x20u);
    EXPECT_EQ(allowed_cr0(c, 0x60000010, true), 0x60000030u);
    EXPECT_EQ(allowed_cr0(c, ~0ull, true), 0xffffffffu);
    EXPECT_EQ(allowed_cr4(c, 0), 0x2000u); // VMXE
    EXPECT_EQ(allowed_cr4(c, ~0ull), 0x1727ffu);
}

} // namespace
} // namespace vmm::vmx
