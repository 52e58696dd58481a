// SPDX-License-Identifier: GPL-2.0-only
// What a package that can be registered looks like.
#pragma once

#include "vmm/core/console_ram.hpp"
#include "vmnix/abi/hypercall/console.h"

namespace vmm {

// Invalid: it contradicts itself. Exists: memory in its room is not the console's. NotPresent: it goes where there is
// no RAM.
Result<> check_package(const vmnix_package &package, const ConsoleRam &ram);

} // namespace vmm
