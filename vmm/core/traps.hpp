// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "vmm/x86/descriptors.hpp"

#include <array>

namespace vmm {

// Every vector of the VMM's IDT; a double fault runs on the TSS's first interrupt stack.
void fill_idt(std::array<x86::Gate, 256> &idt);
std::uint64_t stub_address(unsigned vector);

// For a CPU that another one's panic has stopped.
[[noreturn]] void stop_for_panic();

} // namespace vmm
