// SPDX-License-Identifier: GPL-2.0-only
// What the reference compiler of ACPI thinks of the tables: it takes them apart and puts them together again.
#include <array>
#include <cstdio>
#include <fstream>
#include <gmock/gmock.h>
#include <sstream>

#include "console/boot/acpi_table.hpp"
#include "console/boot/acpi_tables.hpp"
#include "tests/unit/console/fake_root.hpp"

using namespace console;
using testing::HasSubstr;

namespace {

std::string output_of(const std::string &command) {
    std::string text;
    std::array<char, 4096> part;
    FILE *pipe = ::popen((command + " 2>&1").c_str(), "r");
    while (const std::size_t got = std::fread(part.data(), 1, part.size(), pipe))
        text.append(part.data(), got);
    ::pclose(pipe);
    return text;
}

std::string text_of(const Bytes &bytes) {
    return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
}

std::string content_of(const std::filesystem::path &path) {
    std::ostringstream content;
    content << std::ifstream(path, std::ios::binary).rdbuf();
    return content.str();
}

// The compiler leaves its own mark as creator, and so another checksum.
std::string without_mark(std::string table) {
    constexpr std::size_t checksum_at = 9, creator_at = 28;
    if (table.size() > acpi_header_size && !table.starts_with("FACS")) {
        table[checksum_at] = 0;
        table.replace(creator_at, 8, 8, '\0');
    }
    return table;
}

class Iasl : public testing::TestWithParam<unsigned> {
  protected:
    void expect_accepted(const std::string &table) {
        const std::string name = table.substr(0, 4);
        const std::string folder = "cd " + root.path().string() + " && ";
        root.write("/" + name + ".dat", table);
        output_of(folder + "iasl -d " + name + ".dat");
        EXPECT_THAT(output_of(folder + "iasl -w3 -oa -p again " + name + ".dsl"),
                    HasSubstr("Compilation successful. 0 Errors, 0 Warnings, 0 Remarks"))
            << name << "\n"
            << content_of(root.at("/" + name + ".dsl"));
        EXPECT_EQ(without_mark(content_of(root.at("/again.aml"))), without_mark(table)) << name;
    }

    test::FakeRoot root;
};

} // namespace

INSTANTIATE_TEST_SUITE_P(Vcpus, Iasl, testing::Values(1, 2, 8, 32, 255));

// All but the RSDP, which is no table to it.
TEST_P(Iasl, GivesBackTheSameTables) {
    const auto tables = acpi_tables(GetParam());
    EXPECT_EQ(tables.size(), 7u);
    for (std::size_t i = 1; i < tables.size(); ++i)
        expect_accepted(text_of(tables[i].bytes));
}

TEST_P(Iasl, DisassemblesWhatTheDsdtIsToSay) {
    const auto tables = acpi_tables(GetParam());
    for (const Segment &table : tables)
        if (text_of(table.bytes).starts_with("DSDT"))
            root.write("/dsdt.dat", text_of(table.bytes));
    output_of("cd " + root.path().string() + " && iasl -d dsdt.dat");
    const std::string source = content_of(root.at("/dsdt.dsl"));
    for (const char *words : {"_S5, Package (0x04)", "Device (COM1)", "EisaId (\"PNP0501\")", "0x03F8,", "{4}",
                              "Device (RTC)", "EisaId (\"PNP0B00\")", "{8}", "Device (C000)", "\"ACPI0007\""})
        EXPECT_NE(source.find(words), std::string::npos) << words;
}
