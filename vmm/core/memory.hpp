// SPDX-License-Identifier: GPL-2.0-only
// Memory between console and VMM, in pieces of 2 MiB. vmnix/abi/hypercall/vm.h draws the circle.
#pragma once

#include "vmm/core/cpu.hpp"

namespace vmm {

// A piece of the console's RAM becomes the VMM's, dirty. Invalid: no piece begins there. NotPresent: it is not wholly
// the console's.
Result<> give_piece(Cpu &cpu, Hpa piece);

// Clears one dirty piece; returns how many are left. Busy: another CPU may still write through an old translation.
Result<std::uint64_t> scrub_piece();

// A free piece becomes the console's again. NotFound: none is free.
Result<Hpa> take_piece();

// Free pieces become frames until there are that many. NoMemory: too few.
Result<> refill_frames(std::uint64_t frames);

vmnix_memory_info memory_info();

} // namespace vmm
