// SPDX-License-Identifier: GPL-2.0-only
// The page tables that are in force while the VMM runs, read past the VMM through the emulator.
#include "tests/machine/suites/arena.hpp"

#include "vmm/core/address_map.hpp"

#include <algorithm>
#include <fmt/format.h>

using namespace suites;

namespace {

constexpr std::uint64_t kPage = 4096;

std::string describe(const Leaf &leaf) {
    return fmt::format("{:#x} -> {:#x} + {:#x} {}{}{}", leaf.va, leaf.pa, leaf.size, leaf.write ? "w" : "-",
                       leaf.execute ? "x" : "-", leaf.user ? "u" : "-");
}

bool overlaps(std::uint64_t a, std::uint64_t a_size, std::uint64_t b, std::uint64_t b_size) {
    return a < b + b_size && b < a + a_size;
}

const Leaf *find(const std::vector<Leaf> &leaves, std::uint64_t va) {
    const auto at =
        std::find_if(leaves.begin(), leaves.end(), [&](const Leaf &leaf) { return va - leaf.va < leaf.size; });
    return at == leaves.end() ? nullptr : &*at;
}

// Borders of the memory types in the guest's /proc/mtrr: "reg00: base=0x0c0000000 ( 3072MB), size= 1024MB, ...".
std::vector<std::uint64_t> mtrr_borders(Console &console) {
    std::vector<std::uint64_t> borders;
    std::istringstream in(
        console.must("sed -n 's/.*base=\\(0x[0-9a-f]*\\).*size= *\\([0-9]*\\)MB.*/\\1 \\2/p' /proc/mtrr"));
    std::string base;
    for (std::uint64_t megabytes = 0; in >> base >> megabytes;) {
        borders.push_back(std::stoull(base, nullptr, 16));
        borders.push_back(borders.back() + (megabytes << 20));
    }
    return borders;
}

} // namespace

class LiveTables : public testing::TestWithParam<Description> {
  protected:
    LiveTables() : console(GetParam()) {
        console.launch();
        arena.emplace(console);
        levels = GetParam().la57 ? 5 : 4;
    }
    void check_vmm();
    void check_guard_pages();
    void check_devices();
    void check_console();
    void check_memory_types();
    std::vector<Leaf> host() const { return arena->leaves(arena->cpu(0).vmm_cr3, levels); }

    Console console;
    std::optional<Arena> arena;
    unsigned levels;
};

void LiveTables::check_vmm() {
    for (unsigned cpu = 0; cpu < GetParam().cpus; ++cpu)
        EXPECT_EQ(arena->cpu(cpu).vmm_cr3, arena->cpu(0).vmm_cr3);
    const auto leaves = host();
    ASSERT_FALSE(leaves.empty());
    for (const Leaf &leaf : leaves) {
        EXPECT_FALSE(leaf.write && leaf.execute) << describe(leaf);
        EXPECT_FALSE(leaf.user) << describe(leaf);
        EXPECT_GE(leaf.va, 1ull << 63) << "the lower half is nobody's: " << describe(leaf);
    }
    // Nothing that is executable has a writable alias, and only the image's text is executable.
    for (const Leaf &text : leaves) {
        if (!text.execute)
            continue;
        EXPECT_GE(text.va, vmm::kImageVa) << describe(text);
        EXPECT_TRUE(arena->contains(text.pa)) << describe(text);
        for (const Leaf &other : leaves)
            EXPECT_FALSE(other.write && overlaps(text.pa, text.size, other.pa, other.size))
                << describe(text) << " and " << describe(other);
    }
    EXPECT_FALSE(find(leaves, arena->handover().stub_va)) << "the switch stub is mapped while nobody switches";
}

void LiveTables::check_guard_pages() {
    const auto leaves = host();
    for (unsigned cpu = 0; cpu < GetParam().cpus; ++cpu) {
        const std::uint64_t block = vmm::kCpuBlockVa + cpu * vmm::kCpuBlockSize;
        for (std::uint64_t at = block; at < block + vmm::kCpuBlockSize; at += kPage) {
            const std::uint64_t offset = at - block;
            const bool stack = offset - vmm::kStackOffset < vmm::kStackSize;
            const bool fault_stack = offset - vmm::kFaultStackOffset < vmm::kFaultStackSize;
            if (offset < vmm::kCpuOffset) {
                EXPECT_EQ(find(leaves, at) != nullptr, stack || fault_stack) << std::hex << at;
            }
        }
        EXPECT_FALSE(find(leaves, block + vmm::kCpuBlockSize - kPage));
    }
}

void LiveTables::check_devices() {
    const auto leaves = host();
    const auto &handover = arena->handover();
    std::vector<std::uint64_t> devices;
    if (!GetParam().x2apic)
        devices.push_back(handover.lapic_base);
    for (unsigned i = 0; i < handover.ioapic_count; ++i)
        devices.push_back(handover.ioapic[i].base);
    for (std::uint64_t device : devices) {
        unsigned mappings = 0;
        for (const Leaf &leaf : leaves)
            if (overlaps(leaf.pa, leaf.size, device, kPage)) {
                ++mappings;
                EXPECT_EQ(leaf.type, vmm::MemoryType::Uncacheable) << describe(leaf);
            }
        EXPECT_EQ(mappings, 1u) << std::hex << device;
    }
}

void LiveTables::check_console() {
    const auto blocks = arena->control_blocks();
    ASSERT_EQ(blocks.size(), GetParam().cpus);
    for (const auto *block : blocks)
        EXPECT_EQ(block->control.n_cr3, blocks[0]->control.n_cr3);
    const auto leaves = arena->leaves(blocks[0]->control.n_cr3, levels);
    const auto &handover = arena->handover();
    std::uint64_t arena_covered = 0;
    for (const Leaf &leaf : leaves) {
        EXPECT_TRUE(leaf.user) << describe(leaf); // every guest access counts as a user's
        if (overlaps(leaf.pa, leaf.size, arena->base(), arena->size())) {
            // What stands behind VMM memory: one page of ones, for reading.
            ASSERT_EQ(leaf.size, kPage) << describe(leaf);
            EXPECT_FALSE(leaf.write || leaf.execute) << describe(leaf);
            EXPECT_TRUE(arena->contains(leaf.va)) << describe(leaf);
            const auto page = arena->page(leaf.pa);
            EXPECT_TRUE(std::all_of(page.begin(), page.end(), [](std::uint64_t word) { return word == ~0ull; }));
            arena_covered += leaf.size;
            continue;
        }
        EXPECT_EQ(leaf.va, leaf.pa) << describe(leaf);
        EXPECT_TRUE(leaf.write && leaf.execute) << describe(leaf);
    }
    EXPECT_EQ(arena_covered, arena->size());
    EXPECT_FALSE(find(leaves, handover.lapic_base));
    for (unsigned i = 0; i < handover.ioapic_count; ++i)
        EXPECT_FALSE(find(leaves, handover.ioapic[i].base));
}

// A leaf that spans two memory types has none: it must be split at the MTRRs' borders.
void LiveTables::check_memory_types() {
    const auto borders = mtrr_borders(console);
    ASSERT_FALSE(borders.empty());
    for (const Leaf &leaf : arena->leaves(arena->control_blocks().at(0)->control.n_cr3, levels))
        for (std::uint64_t border : borders)
            EXPECT_FALSE(leaf.va < border && border < leaf.va + leaf.size)
                << std::hex << border << " in " << describe(leaf);
}

TEST_P(LiveTables, AreAsDesigned) {
    check_vmm();
    check_guard_pages();
    check_devices();
    check_console();
    check_memory_types();
}

namespace {

std::vector<Description> machines() {
    std::vector<Description> all{{.kernel = "6.12", .cpus = 2},
                                 {.kernel = "6.1", .cpus = 2, .la57 = false, .x2apic = true}};
    if (whole_matrix())
        all.push_back({.kernel = "6.12", .cpus = 4, .memory_mib = 6144});
    return all;
}

} // namespace

INSTANTIATE_TEST_SUITE_P(Machines, LiveTables, testing::ValuesIn(machines()),
                         [](const auto &info) { return fmt::format("Machine{}", info.index); });
