// SPDX-License-Identifier: GPL-2.0-only
// Accesses of a VM to where it has no RAM: its local APIC, its IO-APIC, and nothing.
#pragma once

#include "vmm/core/vm_machine.hpp"
#include "vmm/exit/mmio.hpp"
#include "vmm/vm/control.hpp"

namespace vmm {

template <class V> class VmIoApicPage {
  public:
    VmIoApicPage(V v, Gpa address) : v_(v), offset_(static_cast<std::uint32_t>(address.page_offset())) {}
    std::uint64_t read(unsigned width) {
        if (width != 4)
            return 0;
        std::uint32_t value = 0;
        with_machine(v_.cpu(), *v_.world().vm, [&](Machine &machine) { value = machine.board.read_ioapic(offset_); });
        return value;
    }
    bool write(std::uint64_t value, unsigned width) {
        Vm &vm = *v_.world().vm;
        const std::uint64_t now = vm_clock(vm, x86::rdtsc());
        if (width == 4)
            with_machine(v_.cpu(), vm, [&](Machine &machine) {
                machine.board.write_ioapic(offset_, static_cast<std::uint32_t>(value), now);
            });
        return true;
    }

  private:
    V v_;
    std::uint32_t offset_;
};

template <class V> [[gnu::noinline]] Verdict handle_vm_rare_fault(V v, Gpa address) {
    if (address.page().raw() == device::Board::kIoapicBase)
        return emulate(v, VmIoApicPage<V>(v, address));
    v.enter_host_context();
    if (v.nested_fault().execute)
        return crash_vm(v, "executes where there is no memory");
    return emulate(v, EmptyPage{});
}

template <class V> [[gnu::always_inline]] inline Verdict handle_vm_nested_fault(V v, const Exit &exit) {
    constexpr std::uint64_t kLapicPage = 0xfee00000;
    auto &exits = v.world().stats.exits;
    const bool is_device =
        exit.address.page().raw() == kLapicPage || exit.address.page().raw() == device::Board::kIoapicBase;
    exits[is_device ? VMNIX_EXIT_MMIO : VMNIX_EXIT_NESTED_FAULT]++;
    if (exit.address.page().raw() == kLapicPage && v.world().lapic.mode() == LapicMode::Xapic) [[likely]]
        return emulate(v, LapicPage<V>(v, exit.address));
    return handle_vm_rare_fault(v, exit.address);
}

} // namespace vmm
