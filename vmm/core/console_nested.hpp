// SPDX-License-Identifier: GPL-2.0-only
// The console's nested tables: guest-physical equals host-physical, less what is the VMM's. Template on the vendor's
// entry format; everything else is the same on both. The memory type of a page is the one that the MTRRs give it.
#pragma once

#include "vmm/core/vmm.hpp"

namespace vmm {

// What this CPU's MTRRs say; all CPUs agree, as the firmware and the console's kernel keep them alike.
Mtrrs read_mtrrs();

template <class Format> class ConsoleNested {
  public:
    using Tables = RadixTable<Format, FramePool>;

    // Builds everything before any CPU is stopped; nothing uses the tables yet, so no flush is due. `largest` is the
    // level of the largest pages that the CPU knows.
    Result<> build(Vmm &vmm, unsigned levels, unsigned largest) {
        physical_bits_ = physical_bits();
        const Hpa root = TRY(vmm.frames.allocate());
        tables_ = Tables(root, levels, largest, vmm.frames);
        FlushDebt debt(false);
        const auto built = build_all(vmm, debt);
        debt.settle();
        return built;
    }

    const Tables &tables() const { return tables_; }

    // Maps the gigabyte around an address that has no mapping yet: device windows far above RAM. False when the address
    // is beyond the CPU's physical addresses or the VMM has no more frames for tables.
    bool map_more(Gpa address) {
        if (address.raw() >> physical_bits_ != 0 || address.raw() < mapped_end_)
            return false;
        const std::uint64_t base = align_down(address.raw(), kGigabyte);
        FlushDebt debt(false);
        auto mapped = tables_.map(base, Hpa(base), kGigabyte, kAll, MemoryType::WriteBack, debt);
        if (mapped)
            mapped = retype(read_mtrrs(), {Gpa(base), kGigabyte}, debt);
        debt.settle(); // not-present entries are not cached, and nobody has used the new ones
        return static_cast<bool>(mapped);
    }

    // A piece of RAM is no longer the console's: nothing is mapped there, and what touches it exits.
    Result<> hide(Hpa piece, FlushDebt &debt) { return tables_.unmap(piece.raw(), PieceMap::kSize, debt); }

    // It is again. Fails only if hide() did not come before.
    Result<> show(Hpa piece) {
        FlushDebt debt(false);
        const auto shown = tables_.map(piece.raw(), piece, PieceMap::kSize, kAll, MemoryType::WriteBack, debt);
        const auto followed = shown ? follow(read_mtrrs(), debt) : shown;
        debt.settle(); // not-present entries are not cached, and nobody has used the new ones
        return followed;
    }

    // The console changed its MTRRs: no large page may span the new borders, and where the format says the memory type
    // itself it becomes the new one.
    Result<> follow(const Mtrrs &mtrrs, FlushDebt &debt) { return retype(mtrrs, {Gpa(), mapped_end_}, debt); }

  private:
    static constexpr std::uint64_t kGigabyte = 1ull << 30, kMessageWindow = 0xfee00000, kMessageWindowSize = 0x100000;
    static constexpr Rights kAll{true, true}, kReadOnly{};

    static unsigned physical_bits() {
        constexpr std::uint32_t kSizes = 0x80000008;
        return x86::cpuid(kSizes).eax & 0xff;
    }

    Result<> retype(const Mtrrs &mtrrs, Range<Gpa> range, FlushDebt &debt) {
        const TypeBorders borders = type_borders(mtrrs); // outlives the loop, as a temporary would not
        std::uint64_t begin = range.begin.raw();
        const auto to = [&](std::uint64_t end) -> Result<> {
            TRY(tables_.retype(begin, end - begin, mtrrs.type_at(Hpa(begin)), debt));
            begin = end;
            return {};
        };
        for (std::uint64_t border : borders.all())
            if (border > begin && border < range.end().raw())
                TRY(to(border));
        return to(range.end().raw());
    }

    std::uint64_t end_of_memory(const Vmm &vmm) const {
        std::uint64_t end = 4 * kGigabyte;
        for (unsigned i = 0; i < vmm.handover->memory_count; i++) {
            const vmnix_memory &range = vmm.handover->memory[i];
            if (range.kind == VMNIX_MEMORY_RAM) // windows of devices above are mapped when they are touched
                end = std::max(end, range.base + range.size);
        }
        const std::uint64_t limit = physical_bits_ >= 63 ? ~0ull : 1ull << physical_bits_;
        return std::min(align_up(end, kGigabyte), limit);
    }

    Result<> build_all(Vmm &vmm, FlushDebt &debt) {
        mapped_end_ = end_of_memory(vmm);
        TRY(tables_.map(0, Hpa(0), mapped_end_, kAll, MemoryType::WriteBack, debt));
        TRY(follow(read_mtrrs(), debt));
        // The VMM's memory reads as all ones and cannot be written: one page stands behind all of it, so that scanners
        // of memory (kcore, kdump) cost no exit.
        const Hpa ones = TRY(vmm.frames.allocate());
        __builtin_memset(at_physical<std::byte>(ones), 0xff, kPageSize);
        TRY(tables_.map_alias(vmm.arena().begin.raw(), ones, vmm.arena().size, kReadOnly, debt));
        TRY(tables_.unmap(kMessageWindow, kMessageWindowSize, debt));
        if (vmm.handover->lapic_base - kMessageWindow >= kMessageWindowSize)
            TRY(tables_.unmap(vmm.handover->lapic_base, kPageSize, debt));
        for (unsigned i = 0; i < vmm.handover->ioapic_count; i++)
            TRY(tables_.unmap(align_down(vmm.handover->ioapic[i].base, kPageSize), kPageSize, debt));
        return {};
    }

    Tables tables_;
    std::uint64_t mapped_end_ = 0;
    unsigned physical_bits_ = 0;
};

} // namespace vmm
