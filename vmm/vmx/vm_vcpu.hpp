// SPDX-License-Identifier: GPL-2.0-only
// A VM's vCPU: the same view, for the handlers of VMs.
#pragma once

#include "vmm/core/vm.hpp"
#include "vmm/vmx/vcpu.hpp"

namespace vmm::vmx {

class VmVcpu : public Vcpu {
  public:
    static constexpr bool kIsVm = true;

    using Vcpu::Vcpu;

    const VmMemory &memory() { return world().vm->memory; }
    Verdict handle_control(const Exit &exit);
    std::uint64_t pat() const { return vmread(VmcsField::GuestPat); }
    void set_pat(std::uint64_t value) { vmwrite(VmcsField::GuestPat, value); }
};

} // namespace vmm::vmx
