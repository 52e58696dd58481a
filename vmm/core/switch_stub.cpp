// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/core/switch_stub.hpp"

#include "vmm/x86/intrinsics.hpp"

namespace vmm {

Result<> map_stub(Vmm &vmm) {
    FlushDebt debt(false);
    if (vmm.host.lookup(vmm.handover->stub_va).present)
        return Errc::Invalid; // the console's address for the stub lies in one of ours
    const auto mapped = vmm.host.map(vmm.handover->stub_va, Hpa(vmm.handover->stub_pa), kPageSize,
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

} // namespace vmm
