// SPDX-License-Identifier: GPL-2.0-only
// A VM's nested tables: its RAM in pages of 2 MiB, and nothing else. Template on the vendor's entry format.
#pragma once

#include "vmm/core/vm.hpp"
#include "vmm/core/vmm.hpp"

namespace vmm {

template <class Format> class VmNested {
  public:
    using Tables = RadixTable<Format, FramePool>;

    VmNested(Hpa root, unsigned levels) : tables_(root, levels, kLarge, g_vmm.frames) {}

    // Maps vm.ram bytes out of free pieces. On failure what was mapped stays for release().
    Result<> build(Vm &vm, PieceMap &pieces) {
        FlushDebt debt(false);
        const auto built = for_each_piece(vm, [&](std::uint64_t gpa) -> Result<> {
            const Hpa piece = TRY(pieces.find(Owner::Free));
            TRY(tables_.map(gpa, piece, PieceMap::kSize, kAll, MemoryType::WriteBack, debt));
            pieces.move(piece, Owner::Free, Owner::Vm);
            const Hpa directory = TRY(tables_.table_at(gpa, kLarge));
            vm.memory.set_directory(static_cast<unsigned>(gpa >> 30), g_vmm.frames.table(directory));
            return {};
        });
        debt.settle(); // nothing was present, and nothing runs on these tables
        return built;
    }

    // RAM becomes dirty pieces, tables unused frames.
    void release(Vm &vm, PieceMap &pieces) {
        (void)for_each_piece(vm, [&](std::uint64_t gpa) -> Result<> {
            const Mapping mapping = tables_.lookup(gpa);
            if (!mapping.present)
                return Errc::NotPresent; // build() came to here
            pieces.move(mapping.frame, Owner::Vm, Owner::Dirty);
            return {};
        });
        tables_.release();
        vm.memory = {};
    }

  private:
    static constexpr unsigned kLarge = 2;
    static constexpr Rights kAll{true, true};

    template <class Do> static Result<> for_each_piece(const Vm &vm, Do act) {
        for (std::uint64_t done = 0; done < vm.ram; done += PieceMap::kSize)
            TRY(act(address_of(done).raw()));
        return {};
    }

    Tables tables_;
};

} // namespace vmm
