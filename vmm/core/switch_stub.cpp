// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/core/switch_stub.hpp"

#include "vmm/core/interrupts.hpp"
#include "vmm/x86/intrinsics.hpp"

namespace vmm {
namespace {

Hpa page_of(const Vmm &vmm, unsigned cpu) {
    return Hpa(vmm.handover->cpus + cpu * kPageSize);
}

std::uint64_t console_va(const Vmm &vmm, unsigned cpu) {
    return at_physical<vmnix_handover_cpu>(page_of(vmm, cpu))->console_va;
}

Result<> map_cpu_page(Vmm &vmm, unsigned cpu) {
    FlushDebt debt(false);
    const std::uint64_t va = console_va(vmm, cpu);
    if (va % kPageSize != 0 || vmm.host.lookup(va).present)
        return Errc::Invalid;
    const auto mapped =
        vmm.host.map(va, page_of(vmm, cpu), kPageSize, Rights{.write = true}, MemoryType::WriteBack, debt);
    debt.settle(); // it was not present
    return mapped;
}

void unmap_page(Vmm &vmm, std::uint64_t va) {
    FlushDebt debt(false);
    const auto unmapped = vmm.host.unmap(va, kPageSize, debt);
    VMM_ASSERT(unmapped); // the tables above it exist since it was mapped
    debt.settle();        // nobody uses the page any more, and every CPU of a launch calls forget_launch
}

} // namespace

Result<> keep_stub(Vmm &vmm, const std::byte *page) {
    if (!vmm.stub.copy)
        vmm.stub.copy = at_physical<std::byte>(TRY(vmm.frames.allocate()));
    __builtin_memcpy(vmm.stub.copy, page, kPageSize);
    return {};
}

Result<> map_stub(Vmm &vmm) {
    FlushDebt debt(false);
    if (vmm.host.lookup(vmm.handover->stub_va).present)
        return Errc::Invalid; // the console's address for the stub lies in one of ours
    const auto mapped = vmm.host.map(vmm.handover->stub_va, physical_of(vmm.stub.copy), kPageSize,
                                     Rights{.execute = true}, MemoryType::WriteBack, debt);
    debt.settle(); // it was not present
    return mapped;
}

void unmap_stub(Vmm &vmm) {
    unmap_page(vmm, vmm.handover->stub_va);
}

Result<> map_launch(Vmm &vmm) {
    TRY(map_stub(vmm));
    for (unsigned cpu = 0; cpu < vmm.cpu_count; cpu++)
        TRY(map_cpu_page(vmm, cpu));
    return {};
}

void unmap_launch(Vmm &vmm) {
    unmap_stub(vmm);
    for (unsigned cpu = 0; cpu < vmm.cpu_count; cpu++)
        unmap_page(vmm, console_va(vmm, cpu));
}

void forget_launch(const Vmm &vmm, const vmnix_handover_cpu &page) {
    x86::invlpg(vmm.handover->stub_va);
    x86::invlpg(page.console_va);
}

// Whichever GDT is in force, a gate of whichever IDT finds its segment there.
static_assert(x86::kSelectorCode == VMNIX_CS && x86::kSelectorData == VMNIX_SS);

void use_early_tables(const vmnix_handover_cpu &page) {
    x86::load_tables({page.early_gdtr_limit, page.early_gdtr_base}, {page.early_idtr_limit, page.early_idtr_base});
}

Result<> drop_stub_tables(Cpu &cpu) {
    HostTables::Pruned &dropped = g_vmm.stub.dropped;
    if (dropped.count != 0 && !has_everyone_flushed(g_vmm.stub.dropped_at))
        return Errc::Busy;
    while (dropped.count != 0)
        g_vmm.frames.release(dropped.pages[--dropped.count]);
    FlushDebt debt(false);
    dropped = g_vmm.host.prune(g_vmm.handover->stub_va, debt);
    if (debt.settle())
        g_vmm.stub.dropped_at = flush_everywhere(cpu);
    return {};
}

} // namespace vmm
