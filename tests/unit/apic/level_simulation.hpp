// SPDX-License-Identifier: GPL-2.0-only
// A small machine: two CPUs with virtual LAPICs, one guarded IO-APIC with level-triggered devices, and a kernel that
// ends, masks and moves interrupts as kernels do, and sometimes worse. What happens next is taken from bytes.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace vmm::test {

// Empty: in the end every device was served and nothing was left masked. Otherwise what got stuck.
std::string simulate_levels(std::span<const std::uint8_t> bytes);

} // namespace vmm::test
