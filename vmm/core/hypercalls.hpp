// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "vmm/core/cpu.hpp"

namespace vmm {

struct HypercallArguments {
    std::uint64_t number, rdi, rsi, rdx;
};

struct HypercallResult {
    std::uint32_t error = 0;  // enum vmnix_hypercall_error, or 0
    std::uint8_t results = 0; // how many of rdi and rsi the call returns; the others are preserved
    bool leave = false;       // this CPU goes back to the console, bare
    std::uint64_t rdi = 0, rsi = 0;
};

HypercallResult call(Cpu &cpu, const HypercallArguments &arguments);

} // namespace vmm
