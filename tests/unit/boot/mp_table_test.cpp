// SPDX-License-Identifier: GPL-2.0-only
#include "console/boot/mp_table.hpp"

#include <gtest/gtest.h>
#include <map>

#include "tests/unit/boot/guest_memory.hpp"

using namespace console;

class MpTable : public testing::TestWithParam<unsigned> {
  protected:
    // Entries' addresses by type, walked by the sizes of section 4.3.
    std::multimap<unsigned, std::uint64_t> entries() const {
        std::multimap<unsigned, std::uint64_t> all;
        std::uint64_t at = table + 44;
        for (unsigned i = 0; i < memory.u16(table + 34); ++i) {
            all.emplace(memory.u8(at), at);
            at += memory.u8(at) == 0 ? 20 : 8;
        }
        EXPECT_EQ(at, table + memory.u16(table + 4));
        return all;
    }

    BootImage image{BootProtocol::Linux, {{layout::mp_area, mp_table(GetParam())}}, {}};
    test::GuestMemory memory{image};
    std::uint64_t pointer = layout::mp_area;
    std::uint64_t table = memory.u32(pointer + 4);
};
INSTANTIATE_TEST_SUITE_P(Vcpus, MpTable, testing::Values(1, 2, 3, 4, 5, 6, 7, 8, 32, 255));

TEST_P(MpTable, PointerAndTableHaveTheirChecksums) {
    EXPECT_EQ(memory.text(pointer, 4), "_MP_");
    EXPECT_EQ(memory.u8(pointer + 8), 1);
    EXPECT_EQ(memory.sum(pointer, 16), 0u);
    EXPECT_EQ(memory.text(table, 4), "PCMP");
    EXPECT_EQ(memory.sum(table, memory.u16(table + 4)), 0u);
    EXPECT_EQ(memory.u8(pointer + 9), memory.u8(table + 6)) << "revisions";
    EXPECT_EQ(memory.u32(table + 36), 0xfee00000u);
    EXPECT_LE(table + memory.u16(table + 4), layout::first_mib_end);
}

TEST_P(MpTable, EveryVcpuIsAProcessorAndTheFirstBoots) {
    const auto all = entries();
    ASSERT_EQ(all.count(0), GetParam());
    unsigned id = 0;
    for (auto [at, end] = all.equal_range(0); at != end; ++at, ++id) {
        EXPECT_EQ(memory.u8(at->second + 1), id);
        EXPECT_EQ(memory.u8(at->second + 3), id == 0 ? 3 : 1);
        EXPECT_EQ(memory.u32(at->second + 8), 0x201u) << "FPU and APIC";
    }
}

TEST_P(MpTable, TheTimerAndTheSciAreRoutedAsInTheMadt) {
    const auto all = entries();
    std::map<unsigned, std::pair<unsigned, unsigned>> routes; // irq: pin and flags
    for (auto [at, end] = all.equal_range(3); at != end; ++at)
        routes[memory.u8(at->second + 5)] = {memory.u8(at->second + 7), memory.u16(at->second + 2)};
    EXPECT_EQ(routes.size(), 15u);
    EXPECT_FALSE(routes.contains(2));
    for (const auto &[irq, route] : routes)
        EXPECT_EQ(route, (std::pair<unsigned, unsigned>{irq == 0 ? 2 : irq, irq == 9 ? 0x0d : 0}));
}

TEST_P(MpTable, HasOneBusOneIoApicAndTheLocalPins) {
    const auto all = entries();
    EXPECT_EQ(all.count(1), 1u);
    EXPECT_EQ(memory.text(all.find(1)->second + 2, 6), "ISA   ");
    ASSERT_EQ(all.count(2), 1u);
    EXPECT_EQ(memory.u8(all.find(2)->second + 1), layout::io_apic_id);
    EXPECT_EQ(memory.u32(all.find(2)->second + 4), 0xfec00000u);
    ASSERT_EQ(all.count(4), 2u);
    const std::uint64_t lint0 = all.find(4)->second;
    EXPECT_EQ(memory.u8(lint0 + 1), 3) << "ExtINT";
    EXPECT_EQ(memory.u8(lint0 + 7), 0);
    EXPECT_EQ(memory.u8(lint0 + 9), 1) << "NMI";
    EXPECT_EQ(memory.u8(lint0 + 15), 1);
}
