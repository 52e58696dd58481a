// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/core/memory.hpp"

#include "vmm/core/backend.hpp"
#include "vmm/core/interrupts.hpp"
#include "vmm/core/physmap.hpp"
#include "vmm/core/vmm.hpp"

namespace vmm {
Result<> give_piece(Cpu &cpu, Hpa piece) {
    auto memory = g_vmm.memory.lock();
    PieceMap &pieces = g_vmm.ram.pieces();
    if (piece.raw() % PieceMap::kSize != 0)
        return Errc::Invalid;
    // The room of a package is to be there when the next console needs it.
    if (pieces.at(piece.raw()) != Owner::Console || memory->keep(piece))
        return Errc::NotPresent;
    FlushDebt debt(false);
    const auto hidden = backend::hide_from_console(piece, debt);
    if (hidden)
        pieces.move(piece, Owner::Console, Owner::Dirty);
    if (debt.settle())
        flush_everywhere(cpu);
    return hidden;
}

Result<std::uint64_t> scrub_piece() {
    auto memory = g_vmm.memory.lock();
    PieceMap &pieces = g_vmm.ram.pieces();
    const auto piece = pieces.find(Owner::Dirty);
    if (!piece)
        return std::uint64_t{0};
    if (!has_everyone_flushed(g_vmm.nested_generation.load()))
        return Errc::Busy;
    __builtin_memset(at_physical<std::byte>(*piece), 0, PieceMap::kSize);
    pieces.move(*piece, Owner::Dirty, Owner::Free);
    return pieces.pieces(Owner::Dirty);
}

Result<Hpa> take_piece() {
    auto memory = g_vmm.memory.lock();
    PieceMap &pieces = g_vmm.ram.pieces();
    if (g_vmm.vm_count.load() == 0)
        while (const auto unused = g_vmm.frames.remove_unused(pieces))
            pieces.move(*unused, Owner::Frames, Owner::Dirty);
    const Hpa piece = TRY(pieces.find(Owner::Free));
    TRY(backend::show_to_console(piece));
    pieces.move(piece, Owner::Free, Owner::Console);
    return piece;
}

Result<> refill_frames(std::uint64_t frames) {
    auto memory = g_vmm.memory.lock();
    PieceMap &pieces = g_vmm.ram.pieces();
    while (g_vmm.frames.available() < frames) {
        const auto piece = pieces.find(Owner::Free);
        if (!piece)
            return Errc::NoMemory;
        pieces.move(*piece, Owner::Free, Owner::Frames);
        g_vmm.frames.add(*piece);
    }
    return {};
}

vmnix_memory_info memory_info() {
    auto memory = g_vmm.memory.lock();
    const PieceMap &pieces = g_vmm.ram.pieces();
    const auto bytes = [&](Owner owner) { return pieces.pieces(owner) * PieceMap::kSize; };
    vmnix_memory_info info{};
    info.vms = g_vmm.vm_count.load();
    info.frames = bytes(Owner::Frames);
    info.frames_used = g_vmm.frames.used() * kPageSize;
    info.ram = bytes(Owner::Vm);
    info.free = bytes(Owner::Free);
    info.dirty = bytes(Owner::Dirty);
    info.package = bytes(Owner::Package);
    info.given = info.frames + info.ram + info.free + info.dirty + info.package;
    return info;
}

} // namespace vmm
