// SPDX-License-Identifier: GPL-2.0-only
// A VM's vCPU: the same view, for the handlers of VMs.
#pragma once

#include "vmm/core/vm.hpp"
#include "vmm/svm/vcpu.hpp"

namespace vmm::svm {

class VmVcpu : public Vcpu {
  public:
    static constexpr bool kIsVm = true;

    using Vcpu::Vcpu;

    const VmMemory &memory() { return world().vm->memory; }
    Verdict handle_control(const Exit &exit);
    std::uint64_t pat() const { return vmcb().save.g_pat; }
    void set_pat(std::uint64_t value) { vmcb().save.g_pat = value; }
};

} // namespace vmm::svm
