// SPDX-License-Identifier: GPL-2.0-only
// Guest: a 64-bit kernel's memory in a Rig. Linear equals physical in the first 4 GiB; an island of two pages
// elsewhere serves for instructions at the end of a page.
#pragma once

#include "tests/unit/fakes/rig.hpp"

#include <algorithm>
#include <initializer_list>
#include <span>

namespace vmm::test {

class Guest {
  public:
    static constexpr std::uint64_t kTables = 0x10000, kCode = 0x200000, kBuffer = 0x300000, kGdt = 0x20000;
    static constexpr std::uint64_t kIsland = 0xffff'8000'0000'0000, kIslandPage = 0x210000, kIslandNext = 0x230000;

    explicit Guest(Rig &rig) : Guest(rig.memory()) {
        for (unsigned i = 0; i < rig.cpus(); i++)
            fill_switch_state(rig.handover_cpu(i));
    }
    explicit Guest(PhysicalMemory &memory) : memory_(&memory) {
        constexpr std::uint64_t kTable = 3, kGigabytePage = 0x83;
        put<std::uint64_t>(kTables, (kTables + 0x1000) | kTable);
        for (std::uint64_t i = 0; i < 5; i++)
            put<std::uint64_t>(kTables + 0x1000 + 8 * i, i << 30 | kGigabytePage);
        put<std::uint64_t>(kTables + 8 * 256, (kTables + 0x2000) | kTable);
        put<std::uint64_t>(kTables + 0x2000, (kTables + 0x3000) | kTable);
        put<std::uint64_t>(kTables + 0x3000, (kTables + 0x4000) | kTable);
        map_island(0, kIslandPage | kTable);
        put<std::uint64_t>(kGdt + 0x10, 0x00af9b000000ffff); // as Linux has them
        put<std::uint64_t>(kGdt + 0x18, 0x00cf93000000ffff);
    }

    static constexpr Paging paging() {
        return {x86::cr0::PE | x86::cr0::PG | x86::cr0::WP, kTables, x86::cr4::PAE | x86::cr4::OSXSAVE,
                x86::efer::LME | x86::efer::LMA | x86::efer::SCE};
    }

    // The island's page 0 or 1; page 1 is not present at first.
    void map_island(unsigned page, std::uint64_t entry) { put(kTables + 0x4000 + 8 * page, entry); }

    template <class T> void put(std::uint64_t physical, T value) { memory_->at<T>(physical) = value; }
    template <class T> T get(std::uint64_t physical) { return memory_->at<T>(physical); }
    void code(std::uint64_t physical, std::span<const std::uint8_t> bytes) {
        std::ranges::copy(std::as_bytes(bytes), memory_->bytes(physical, bytes.size()).begin());
    }
    void code(std::uint64_t physical, std::initializer_list<std::uint8_t> bytes) {
        code(physical, std::span(bytes.begin(), bytes.size()));
    }

    // A kernel's registers at the hand-over.
    static void fill_switch_state(vmnix_handover_cpu &handover) {
        vmnix_switch_state &state = handover.state;
        state.cr0 = paging().cr0;
        state.cr2 = 0xdead000;
        state.cr3 = paging().cr3;
        state.cr4 = paging().cr4;
        state.dr6 = 0xffff0ff0;
        state.dr7 = 0x400;
        state.rsp = kBuffer + 0x1000;
        state.gdtr_base = kGdt;
        state.gdtr_limit = 0x7f;
        state.idtr_base = kGdt + 0x800;
        state.idtr_limit = 0xfff;
        state.cs = 0x10;
        state.ss = 0x18;
        handover.efer = paging().efer;
    }

  private:
    PhysicalMemory *memory_;
};

} // namespace vmm::test
