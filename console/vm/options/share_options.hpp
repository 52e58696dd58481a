// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <span>
#include <string>

#include "vmnix/abi/hypercall/vm.h"

namespace console {

// How CPU time is divided, as options. `set` throws BadValue.
struct ShareOption {
    const char *key;
    const char *value_name;
    const char *help;
    void (*set)(vmnix_vm_share &, const std::string &);
    std::string (*get)(const vmnix_vm_share &);
};

std::span<const ShareOption> share_options();

// Throws BadValue when the parts contradict each other, or name a CPU that is not there.
void check_share(const vmnix_vm_share &share, unsigned cpus);

} // namespace console
