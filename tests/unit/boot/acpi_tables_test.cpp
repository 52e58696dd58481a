// SPDX-License-Identifier: GPL-2.0-only
#include "console/boot/acpi_tables.hpp"

#include <gtest/gtest.h>
#include <map>

#include "console/boot/acpi_table.hpp"
#include "tests/unit/boot/guest_memory.hpp"

using namespace console;
using test::GuestMemory;

// As software finds the tables: from the RSDP on.
class AcpiTables : public testing::TestWithParam<unsigned> {
  protected:
    // Tables by signature, as a root table with addresses of that width lists them.
    std::map<std::string, std::uint64_t> listed(std::uint64_t root, std::size_t width) const {
        std::map<std::string, std::uint64_t> tables;
        for (std::uint64_t at = root + acpi_header_size; at < root + memory.u32(root + 4); at += width) {
            const std::uint64_t address = width == 8 ? memory.u64(at) : memory.u32(at);
            tables[memory.text(address, 4)] = address;
        }
        return tables;
    }
    std::uint64_t table(const std::string &signature) const { return listed(xsdt, 8).at(signature); }

    BootImage image{BootProtocol::Linux, acpi_tables(GetParam()), {}};
    GuestMemory memory{image};
    std::uint64_t rsdp = layout::acpi_area;
    std::uint64_t xsdt = memory.u64(rsdp + 24);
    std::uint64_t rsdt = memory.u32(rsdp + 16);
};
INSTANTIATE_TEST_SUITE_P(Vcpus, AcpiTables, testing::Values(1, 2, 3, 4, 5, 6, 7, 8, 16, 32, 255));

TEST_P(AcpiTables, RsdpHasBothChecksums) {
    EXPECT_EQ(memory.text(rsdp, 8), "RSD PTR ");
    EXPECT_EQ(rsdp % 16, 0u);
    EXPECT_EQ(memory.u8(rsdp + 15), 2);
    EXPECT_EQ(memory.u32(rsdp + 20), 36u);
    EXPECT_EQ(memory.sum(rsdp, 20), 0u);
    EXPECT_EQ(memory.sum(rsdp, 36), 0u);
}

TEST_P(AcpiTables, BothRootsListTheSameTables) {
    EXPECT_EQ(memory.text(xsdt, 4), "XSDT");
    EXPECT_EQ(memory.text(rsdt, 4), "RSDT");
    EXPECT_EQ(listed(xsdt, 8), listed(rsdt, 4));
    EXPECT_EQ(listed(xsdt, 8).size(), 2u);
}

TEST_P(AcpiTables, EveryTableHasItsLengthAndChecksum) {
    for (const Segment &segment : image.segments) {
        const std::string signature = memory.text(segment.address, 4);
        if (signature == "RSD " || signature == "FACS")
            continue;
        EXPECT_EQ(memory.u32(segment.address + 4), segment.bytes.size()) << signature;
        EXPECT_EQ(memory.sum(segment.address, segment.bytes.size()), 0u) << signature;
        EXPECT_EQ(memory.text(segment.address + 10, 6), "VMNIX ");
    }
}

TEST_P(AcpiTables, LieWhereTheyAreSearchedAndApart) {
    std::uint64_t end = layout::acpi_area;
    for (const Segment &segment : image.segments) {
        EXPECT_GE(segment.address, end);
        end = segment.address + segment.bytes.size();
    }
    EXPECT_LE(end, layout::mp_area);
}

TEST_P(AcpiTables, FadtNamesTheFixedHardware) {
    const std::uint64_t fadt = table("FACP");
    EXPECT_EQ(memory.u32(fadt + 4), 276u);
    EXPECT_EQ(memory.u8(fadt + 8), 6);
    EXPECT_EQ(memory.u8(fadt + 131), 3) << "of 6.3";
    EXPECT_EQ(memory.u16(fadt + 46), 9) << "SCI_INT";
    EXPECT_EQ(memory.u32(fadt + 48), 0u) << "SMI_CMD";
    EXPECT_EQ(memory.u32(fadt + 56), 0x600u) << "PM1a_EVT_BLK";
    EXPECT_EQ(memory.u32(fadt + 64), 0x604u) << "PM1a_CNT_BLK";
    EXPECT_EQ(memory.u32(fadt + 76), 0x608u) << "PM_TMR_BLK";
    EXPECT_EQ(memory.u8(fadt + 88), 4) << "PM1_EVT_LEN";
    EXPECT_EQ(memory.u8(fadt + 89), 2) << "PM1_CNT_LEN";
    EXPECT_EQ(memory.u8(fadt + 91), 4) << "PM_TMR_LEN";
    EXPECT_EQ(memory.u64(fadt + 152), 0x600u) << "X_PM1a_EVT_BLK";
    EXPECT_EQ(memory.u64(fadt + 176), 0x604u) << "X_PM1a_CNT_BLK";
    EXPECT_EQ(memory.u64(fadt + 212), 0x608u) << "X_PM_TMR_BLK";
}

TEST_P(AcpiTables, FadtSaysWhatThereIsNot) {
    const std::uint64_t fadt = table("FACP");
    const std::uint16_t boot = memory.u16(fadt + 109);
    EXPECT_FALSE(boot & 1u << 1) << "8042";
    EXPECT_TRUE(boot & 1u << 2) << "no VGA";
    EXPECT_TRUE(boot & 1u << 3) << "no MSI";
    EXPECT_TRUE(boot & 1u << 4) << "no ASPM";
    EXPECT_FALSE(boot & 1u << 5) << "there is an RTC";
    const std::uint32_t flags = memory.u32(fadt + 112);
    EXPECT_TRUE(flags & 1u << 0) << "WBINVD";
    EXPECT_FALSE(flags & 1u << 4) << "the power button is fixed hardware";
    EXPECT_TRUE(flags & 1u << 5) << "no sleep button";
    EXPECT_TRUE(flags & 1u << 8) << "TMR_VAL_EXT";
    EXPECT_FALSE(flags & 1u << 20) << "not hardware-reduced";
}

TEST_P(AcpiTables, FadtNamesTheResetRegister) {
    const std::uint64_t fadt = table("FACP");
    EXPECT_TRUE(memory.u32(fadt + 112) & 1u << 10);
    EXPECT_EQ(memory.u8(fadt + 116), 1) << "I/O space";
    EXPECT_EQ(memory.u8(fadt + 117), 8) << "bits";
    EXPECT_EQ(memory.u64(fadt + 120), 0xcf9u);
    EXPECT_EQ(memory.u8(fadt + 128), 6);
}

TEST_P(AcpiTables, FadtLeadsToFacsAndDsdt) {
    const std::uint64_t facs = memory.u32(table("FACP") + 36), dsdt = memory.u32(table("FACP") + 40);
    EXPECT_EQ(memory.text(facs, 4), "FACS");
    EXPECT_EQ(facs % 64, 0u);
    EXPECT_EQ(memory.u32(facs + 4), 64u);
    EXPECT_EQ(memory.text(dsdt, 4), "DSDT");
    EXPECT_EQ(memory.u64(table("FACP") + 140), dsdt);
}

TEST_P(AcpiTables, MadtHasALocalApicPerVcpu) {
    const std::uint64_t madt = table("APIC");
    EXPECT_EQ(memory.u32(madt + 36), 0xfee00000u);
    EXPECT_EQ(memory.u32(madt + 40), 1u) << "8259As";
    for (unsigned i = 0; i < GetParam(); ++i) {
        const std::uint64_t entry = madt + 44 + i * 8;
        EXPECT_EQ(memory.u16(entry), 0x0800);
        EXPECT_EQ(memory.u8(entry + 2), i);
        EXPECT_EQ(memory.u8(entry + 3), i);
        EXPECT_EQ(memory.u32(entry + 4), 1u);
    }
}

TEST_P(AcpiTables, MadtHasTheIoApicAndItsOverrides) {
    const std::uint64_t rest = table("APIC") + 44 + GetParam() * 8;
    const Bytes expected = ByteWriter()
                               .u8(1)
                               .u8(12)
                               .u8(15)
                               .u8(0)
                               .u32(0xfec00000)
                               .u32(0) // IO-APIC
                               .u8(2)
                               .u8(10)
                               .u8(0)
                               .u8(0)
                               .u32(2)
                               .u16(0) // timer
                               .u8(2)
                               .u8(10)
                               .u8(0)
                               .u8(9)
                               .u32(9)
                               .u16(0x0d) // SCI
                               .u8(4)
                               .u8(6)
                               .u8(0xff)
                               .u16(0)
                               .u8(1) // NMI
                               .take();
    EXPECT_EQ(memory.bytes(rest, expected.size()), expected);
    EXPECT_EQ(rest + expected.size(), table("APIC") + memory.u32(table("APIC") + 4));
}
