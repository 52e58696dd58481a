// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/core/attach.hpp"

#include "vmm/core/switch_stub.hpp"
#include "vmm/core/vmm.hpp"

namespace vmm {
namespace {

// The tables above the stub's address exist from now on, so that mapping it while CPUs leave cannot fail.
Result<> prepare_stub_tables() {
    TRY(map_stub(g_vmm));
    unmap_stub(g_vmm); // nobody has used it
    return {};
}

// The VMM's own tables get this address, and it jumps there.
bool is_sound(const vmnix_attach &attach) {
    const unsigned unused = g_vmm.host.levels() == 5 ? 7 : 16; // bits that repeat the highest one
    const auto va = static_cast<std::int64_t>(attach.stub_va);
    const auto is_in_page = [&](std::uint64_t address) { return address - attach.stub_va < kPageSize; };
    return va % static_cast<std::int64_t>(kPageSize) == 0 && va << unused >> unused == va &&
           is_in_page(attach.stub_leave) && is_in_page(attach.stub_resume) && is_in_page(attach.stub_vmx_left);
}

Result<> lend_stub(const vmnix_attach &attach) {
    vmnix_handover &h = *g_vmm.handover;
    const std::byte *page = g_vmm.ram.at(Gpa(attach.stub_pa));
    if (!page || attach.stub_pa % kPageSize != 0)
        return Errc::NotPresent;
    TRY(keep_stub(g_vmm, page));
    h.stub_va = attach.stub_va;
    h.stub_leave = attach.stub_leave;
    h.stub_resume = attach.stub_resume;
    h.stub_vmx_left = attach.stub_vmx_left;
    return prepare_stub_tables() ? Result<>() : Errc::Exists;
}

bool is_taken(std::uint64_t piece) {
    return g_vmm.ram.pieces().at(piece) > Owner::Console ||
           piece - g_vmm.handover->arena_base < g_vmm.handover->arena_size;
}

} // namespace

Result<> attach_driver(Cpu &cpu, vmnix_attach &attach) {
    ConsoleLife &life = g_vmm.console_life;
    if (life.generation == 0)
        return Errc::Busy;
    const bool may_leave = attach.handover_abi == VMNIX_HANDOVER_ABI;
    if (may_leave && !is_sound(attach))
        return Errc::Invalid;
    TRY(forget_driver(cpu));
    life.boots_until = 0;
    attach.cpus = g_vmm.handover->cpus;
    attach.cpu_count = g_vmm.cpu_count;
    attach.can_leave = 0;
    if (!may_leave)
        return {}; // it would not understand what it is handed
    TRY(lend_stub(attach));
    life.can_leave = true;
    attach.can_leave = 1;
    return {};
}

Result<> forget_driver(Cpu &cpu) {
    TRY(drop_stub_tables(cpu));
    g_vmm.console_life.can_leave = false;
    return {};
}

Result<Range<Hpa>> next_taken(Hpa from) {
    const std::uint64_t end = g_vmm.ram.pieces().count() << PieceMap::kShift;
    std::uint64_t begin = align_down(from.raw(), PieceMap::kSize);
    while (begin < end && !is_taken(begin))
        begin += PieceMap::kSize;
    if (begin >= end)
        return Errc::NotFound;
    std::uint64_t last = begin;
    while (last < end && is_taken(last))
        last += PieceMap::kSize;
    return Range<Hpa>{Hpa(begin), last - begin};
}

} // namespace vmm
