// SPDX-License-Identifier: GPL-2.0-only
// The VMM's own tables, walked as the CPU walks them.
#include "vmm/core/address_space.hpp"
#include "vmm/core/switch_stub.hpp"

#include "tests/unit/launch/launch_machine.hpp"
#include "tests/unit/mm/page_walk.hpp"

#include <gtest/gtest.h>

namespace vmm::test {
namespace {

class AddressSpaceTest : public testing::TestWithParam<unsigned> {
  protected:
    AddressSpaceTest() {
        if (GetParam() == 5)
            machine_.hardware(0).cr4 |= x86::cr4::LA57;
        EXPECT_EQ(machine_.init(), VMNIX_OK);
    }
    std::optional<Walked> walk(std::uint64_t va) {
        return walk_as_cpu(g_vmm.frames, g_vmm.host.root(), GetParam(), va);
    }
    void expect_rights(std::uint64_t va, bool write, bool execute) {
        const auto walked = walk(va);
        ASSERT_TRUE(walked) << std::hex << va;
        EXPECT_EQ(walked->write, write) << std::hex << va;
        EXPECT_EQ(walked->execute, execute) << std::hex << va;
        EXPECT_FALSE(walked->user) << std::hex << va;
    }

    static constexpr std::uint64_t kTextBegin = kImageVa + 0x1000, kTextEnd = kImageVa + 0x3000,
                                   kImageEnd = kImageVa + 0x5000;
    LaunchMachine machine_{2};
};
INSTANTIATE_TEST_SUITE_P(Levels, AddressSpaceTest, testing::Values(4, 5));

TEST_P(AddressSpaceTest, ImageByItsParts) {
    EXPECT_EQ(g_vmm.host.levels(), GetParam());
    expect_rights(kImageVa, false, false); // header
    expect_rights(kTextBegin, false, true);
    expect_rights(kTextEnd - 1, false, true);
    expect_rights(kTextEnd, true, false);
    expect_rights(kImageEnd - 1, true, false);
    EXPECT_FALSE(walk(kImageEnd));
    EXPECT_EQ(walk(kTextBegin + 8)->pa, LaunchMachine::kArena + 0x1008);
}

TEST_P(AddressSpaceTest, MemoryIsNeverExecutable) {
    for (std::uint64_t pa : {0ul, 0x9f000ul, 0x100000ul, LaunchMachine::kArena - 1, LaunchMachine::kArenaFree,
                             LaunchMachine::kArena + LaunchMachine::kArenaSize, 64 * kMega - 1}) {
        expect_rights(kPhysmapVa + pa, true, false);
        EXPECT_EQ(walk(kPhysmapVa + pa)->pa, pa);
    }
    EXPECT_FALSE(walk(kPhysmapVa + 0xa0000)); // no RAM
    EXPECT_FALSE(walk(kPhysmapVa + 64 * kMega));
}

// The image's text has no writable alias.
TEST_P(AddressSpaceTest, ImageIsNotInThePhysicalMap) {
    for (std::uint64_t offset = 0; offset < kImageEnd - kImageVa; offset += kPageSize)
        EXPECT_FALSE(walk(kPhysmapVa + LaunchMachine::kArena + offset)) << std::hex << offset;
    EXPECT_TRUE(walk(kPhysmapVa + LaunchMachine::kArena + (kImageEnd - kImageVa)));
}

TEST_P(AddressSpaceTest, StacksHaveGuards) {
    for (unsigned cpu = 0; cpu < 2; cpu++) {
        const std::uint64_t block = kCpuBlockVa + cpu * kCpuBlockSize;
        const Range<Hpa> parts[] = {{Hpa(block + kStackOffset), kStackSize},
                                    {Hpa(block + kFaultStackOffset), kFaultStackSize},
                                    {Hpa(block + kCpuOffset), align_up(sizeof(Cpu), kPageSize)}};
        for (std::uint64_t va = block; va < block + kCpuBlockSize; va += kPageSize) {
            bool expected = false;
            for (const auto &part : parts)
                expected |= part.contains(Hpa(va));
            ASSERT_EQ(walk(va).has_value(), expected) << std::hex << va - block;
        }
        expect_rights(block + kStackOffset, true, false);
    }
    EXPECT_FALSE(walk(kCpuBlockVa + 2 * kCpuBlockSize + kStackOffset));
    EXPECT_FALSE(walk(kCpuBlockVa - kPageSize));
}

TEST_P(AddressSpaceTest, DevicesAreUncacheable) {
    const auto walked = walk(io_apic_va(0));
    ASSERT_TRUE(walked);
    EXPECT_EQ(walked->pa, 0xfec00000u);
    EXPECT_EQ(kVmmPat >> 8 * walked->pat_index & 0xff, 0u);
    expect_rights(io_apic_va(0), true, false);
    EXPECT_FALSE(walk(lapic_va())); // by MSRs
    EXPECT_FALSE(walk(io_apic_va(1)));
}

TEST_P(AddressSpaceTest, StubComesAndGoes) {
    expect_rights(LaunchMachine::kStubVa, false, true);
    EXPECT_EQ(walk(LaunchMachine::kStubVa)->pa, physical_of(g_vmm.stub.copy).raw());
    unmap_stub(g_vmm);
    EXPECT_FALSE(walk(LaunchMachine::kStubVa));
    EXPECT_TRUE(map_stub(g_vmm));
    EXPECT_TRUE(walk(LaunchMachine::kStubVa));
    EXPECT_EQ(map_stub(g_vmm).error(), Errc::Invalid); // it is there already
}

// While a CPU passes, tables and stack in its page are in force at the console's address for it.
TEST_P(AddressSpaceTest, CpuPagesAreTheConsolesForALaunch) {
    const auto at = [](unsigned cpu) { return LaunchMachine::kPagesVa + cpu * kPageSize; };
    for (unsigned cpu = 0; cpu < 2; cpu++) {
        expect_rights(at(cpu), true, false);
        EXPECT_EQ(walk(at(cpu))->pa, LaunchMachine::kCpuPages + cpu * kPageSize);
    }
    EXPECT_FALSE(walk(at(2)));
    unmap_launch(g_vmm);
    EXPECT_FALSE(walk(LaunchMachine::kStubVa));
    EXPECT_FALSE(walk(at(0)) || walk(at(1)));
    EXPECT_TRUE(map_stub(g_vmm)); // the way out needs no more
    EXPECT_FALSE(walk(at(0)) || walk(at(1)));
    unmap_stub(g_vmm);
    EXPECT_TRUE(map_launch(g_vmm));
    expect_rights(at(1), true, false);
    unmap_launch(g_vmm);
    machine_.handover_cpu(1).console_va = kPhysmapVa + 0x1000; // the VMM's
    EXPECT_EQ(map_launch(g_vmm).error(), Errc::Invalid);
}

// What the console writes to its page afterwards is nothing to the VMM.
TEST_P(AddressSpaceTest, StubIsACopy) {
    const std::byte first = *g_vmm.stub.copy;
    EXPECT_EQ(first, std::byte{0xcc});
    *reinterpret_cast<std::byte *>(LaunchMachine::kStubVa) = std::byte{0x90};
    EXPECT_EQ(*g_vmm.stub.copy, first);
}

// A driver follows another: what was only for the first one's address is used again, once both CPUs have flushed.
TEST_P(AddressSpaceTest, StubTablesAreNotLeftBehind) {
    play(&machine_.hardware(0));
    Cpu &cpu = *g_vmm.cpus[0];
    unmap_stub(g_vmm);
    const std::uint64_t used = g_vmm.frames.used();
    EXPECT_TRUE(drop_stub_tables(cpu));
    EXPECT_EQ(g_vmm.frames.used(), used); // somebody may be walking them
    EXPECT_EQ(drop_stub_tables(cpu).error(), Errc::Busy);
    g_vmm.cpus[1]->flushed = g_vmm.nested_generation.load();
    EXPECT_TRUE(drop_stub_tables(cpu));
    EXPECT_EQ(g_vmm.frames.used(), used - 3); // a fifth level is shared with the physical map
    g_vmm.handover->stub_va += 5ull << 39;
    EXPECT_TRUE(map_stub(g_vmm));
    EXPECT_EQ(g_vmm.frames.used(), used);
    expect_rights(g_vmm.handover->stub_va, false, true);
    play(nullptr);
}

} // namespace
} // namespace vmm::test
