// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "vmm/core/console_nested.hpp"
#include "vmm/vmx/controls.hpp"
#include "vmm/vmx/nested.hpp"
#include "vmm/vmx/state.hpp"

namespace vmm::vmx {

// What all CPUs share.
struct Shared {
    Hpa msr_bitmap, io_bitmap, vm_msr_bitmap, vm_io_bitmap;
    std::array<Vpids, VMNIX_MAX_CPUS> vpids;
    std::array<Hpa, VMNIX_MAX_CPUS> vmxon_regions{};
    std::array<std::uint64_t, VMNIX_MAX_CPUS> host_rsp{}; // on each CPU's stack, where vmx_run waits
    Capabilities capabilities{};
    unsigned levels = 4; // of extended page tables
    Locked<ConsoleNested<EptFormat>, LockRank::NestedTables> nested;

    std::uint64_t ept_pointer(Hpa root) const;
};

extern Shared g_shared;

// The fields that are the same for all entries of a world: controls, bitmaps, what of the host no CPU has for itself.
// Its VMCS is current.
Result<> fill_controls(World &world);
// The host's state that is this CPU's own.
void fill_host_of(const Cpu &cpu);

// A frame for a VMCS, with the CPU's revision.
Result<Hpa> allocate_vmcs();

// Another world's VMCS, for as long as this lives. The one that was current before is so again afterwards.
class Visit {
  public:
    explicit Visit(World &world);
    ~Visit();
    Visit(const Visit &) = delete;

  private:
    World &world_;
    bool was_loaded_;
    Hpa before_;
};

} // namespace vmm::vmx

extern "C" void vmx_run(vmm::World *world);
