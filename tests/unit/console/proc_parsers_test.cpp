// SPDX-License-Identifier: GPL-2.0-only
#include "console/check/proc_parsers.hpp"

#include <gtest/gtest.h>

using namespace console;

using Cpus = std::vector<unsigned>;

TEST(CpuList, Forms) {
    EXPECT_EQ(parse_cpu_list("0\n"), Cpus{0});
    EXPECT_EQ(parse_cpu_list("0-3,5\n"), (Cpus{0, 1, 2, 3, 5}));
    EXPECT_EQ(parse_cpu_list("2,4-5"), (Cpus{2, 4, 5}));
    EXPECT_EQ(parse_cpu_list("\n"), Cpus{});
    EXPECT_EQ(parse_cpu_list(""), Cpus{});
}

TEST(CpuList, WhatIsNoListIsRefused) {
    for (const char *text : {"x", "0-", "-1", "3-1", "1,,2", "0-99999999999999999999", "0-4294967295", "1 2"})
        EXPECT_EQ(parse_cpu_list(text), std::nullopt) << text;
}

TEST(Modules, UseCounts) {
    const std::string text = "kvm_amd 151552 0 - Live 0x0000000000000000\n"
                             "kvm 1212416 1 kvm_amd, Live 0x0000000000000000\n"
                             "odd\n";
    EXPECT_EQ(module_use_count(text, "kvm_amd"), 0u);
    EXPECT_EQ(module_use_count(text, "kvm"), 1u);
    EXPECT_EQ(module_use_count(text, "kv"), std::nullopt);
    EXPECT_EQ(module_use_count(text, "odd"), std::nullopt);
    EXPECT_EQ(module_use_count("", "kvm"), std::nullopt);
    EXPECT_STREQ(loaded_kvm(text).value_or(KvmModule{}).name, "kvm_amd");
    EXPECT_STREQ(loaded_kvm("kvm_intel 1 3 - Live 0x0\n").value_or(KvmModule{}).name, "kvm_intel");
    EXPECT_EQ(loaded_kvm("kvm_intel 1 3 - Live 0x0\n").value_or(KvmModule{}).users, 3u);
    EXPECT_FALSE(loaded_kvm("kvm 1 0 - Live 0x0\n"));
}

TEST(Meminfo, Bytes) {
    const std::string text = "MemTotal:        1014000 kB\nMemAvailable:     900000 kB\n";
    EXPECT_EQ(meminfo_bytes(text, "MemAvailable"), 900000ull * 1024);
    EXPECT_EQ(meminfo_bytes(text, "Mem"), std::nullopt);
    EXPECT_EQ(meminfo_bytes("MemAvailable: lots\n", "MemAvailable"), std::nullopt);
}

TEST(Iomem, RamTopAndIoapics) {
    const PhysicalMap map = parse_iomem("00000000-00000fff : Reserved\n"
                                        "00001000-0009fbff : System RAM\n"
                                        "  00010000-0001ffff : Kernel code\n"
                                        "fec00000-fec003ff : IOAPIC 0\n"
                                        "fec01000-fec013ff : IOAPIC 1\n"
                                        "100000000-63fffffff : System RAM\n"
                                        "nonsense\n");
    EXPECT_EQ(map.ioapics, 2u);
    EXPECT_EQ(map.highest_ram, 0x640000000ull);
    ASSERT_EQ(map.ranges.size(), 6u);
    EXPECT_EQ(map.ranges[1].base, 0x1000u);
    EXPECT_EQ(map.ranges[1].end, 0x9fc00u);
    EXPECT_TRUE(map.ranges[1].ram);
    EXPECT_FALSE(map.ranges[2].ram);
}

TEST(Iomem, ZerosAreHiddenAddresses) {
    const PhysicalMap map = parse_iomem("00000000-00000000 : System RAM\n00000000-00000000 : IOAPIC 0\n");
    EXPECT_TRUE(map.ranges.empty());
    EXPECT_EQ(map.highest_ram, 0u);
    EXPECT_EQ(map.ioapics, 1u);
}

TEST(CommandLineOfLinux, WordsStandAlone) {
    EXPECT_TRUE(has_word("quiet vmnix=off ro\n", "vmnix=off"));
    EXPECT_TRUE(has_word("vmnix=off", "vmnix=off"));
    EXPECT_FALSE(has_word("quiet vmnix=offline", "vmnix=off"));
    EXPECT_FALSE(has_word("xvmnix=off", "vmnix=off"));
    EXPECT_FALSE(has_word("", "vmnix=off"));
}

TEST(ChosenWord, Brackets) {
    EXPECT_EQ(chosen_word("none [integrity] confidentiality\n"), "integrity");
    EXPECT_EQ(chosen_word("none integrity"), "");
    EXPECT_EQ(chosen_word("]["), "");
    EXPECT_EQ(chosen_word(""), "");
}
