// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <string>
#include <vector>

#include "console/base/environment.hpp"
#include "console/base/exit_code.hpp"
#include "vmnix/abi/hypercall/vm.h"

namespace console {

struct OrderOptions {
    bool json = false;
    vmnix_vm_order order = VMNIX_VM_KILL;
    std::vector<std::string> names;
    bool force = false; // rm: kill first
};

ExitCode run_order(Environment &environment, const OrderOptions &options);

} // namespace console
