// SPDX-License-Identifier: GPL-2.0-only
// VMCS regions as the CPUs of one fake machine share them, by address: the fields of each, and what state it is in. SDM
// vol. 3, 25.11. What software must never do ends the test: these are its mistakes, not failures that an instruction
// reports.
#pragma once

#include "tests/unit/fakes/hardware.hpp"
#include "vmm/base/result.hpp"
#include "vmm/base/types.hpp"
#include "vmm/vmx/vmcs.hpp"

#include <map>
#include <optional>

namespace vmm::test {

struct VmcsRegion {
    std::map<vmx::VmcsField, std::uint64_t> fields; // those that were written
    bool cleared = false;                           // VMCLEAR has been executed for it since the machine began
    bool launched = false;
    const Hardware *active_on = nullptr;
};

// Of the CPU that this thread plays.
Result<> vmxon(Hpa region);
Result<> vmxoff();
Result<> vmclear(Hpa region);
Result<> vmptrld(Hpa region);
Hpa vmptrst();
Result<std::uint64_t> vmread(vmx::VmcsField field); // NotPresent for a field that the CPU does not have
void vmwrite(vmx::VmcsField field, std::uint64_t value);

// As VMLAUNCH and VMRESUME check it; ends the test where they would fail.
void enter_current_vmcs(bool resume);

// What a CPU's exit reports; software cannot write some of it.
void set_exit_field(vmx::VmcsField field, std::uint64_t value);

VmcsRegion &vmcs_region(Hpa region);
std::optional<Hpa> current_vmcs_region();
// A new machine begins.
void forget_vmcs_regions();

} // namespace vmm::test
