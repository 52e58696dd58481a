// SPDX-License-Identifier: GPL-2.0-only
// Next rIP: the address after the instruction, where the CPU saves it (APM vol. 2, 15.7.1). 0 where it does not: then
// the length is measured.
#pragma once

#include "vmm/svm/vcpu.hpp"

namespace vmm::svm {

[[gnu::always_inline]] inline std::uint8_t length_by_next_rip(Vcpu v) {
    return v.state().has_next_rip ? static_cast<std::uint8_t>(v.vmcb().control.next_rip - v.rip()) : 0;
}

} // namespace vmm::svm
