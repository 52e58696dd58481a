// SPDX-License-Identifier: GPL-2.0-only
// The neutral memory map that the first code of a restarted console finds: guest/boot_map.h.
#pragma once

#include "vmm/base/result.hpp"
#include "vmnix/abi/hypercall/console.h"

namespace vmm {

// NotPresent: where the package wants it is no console RAM.
Result<> write_boot_map(const vmnix_package &package, std::uint32_t generation);

} // namespace vmm
