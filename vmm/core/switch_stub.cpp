// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/core/switch_stub.hpp"

#include "vmm/core/interrupts.hpp"
#include "vmm/x86/intrinsics.hpp"

namespace vmm {

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
    FlushDebt debt(false);
    const auto unmapped = vmm.host.unmap(vmm.handover->stub_va, kPageSize, debt);
    VMM_ASSERT(unmapped); // the tables above it exist since map_stub
    debt.settle();        // every CPU calls forget_stub before it enters the guest
}

void forget_stub(const Vmm &vmm) {
    x86::invlpg(vmm.handover->stub_va);
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
