// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "console/vm/options/vm_options.hpp"
#include "vmnix/abi/hypercall/vm.h"

namespace console {

// With what a VM begins.
struct VmImage {
    struct Part {
        std::uint64_t to; // guest-physical
        std::vector<std::byte> bytes;
    };
    std::vector<Part> parts;
    vmnix_boot_state entry;
};

// Reads what the options name and lays it out.
using VmImageLoader = std::function<VmImage(const VmOptions &)>;

// The loader for kernels that console/boot knows.
VmImage load_vm_image(const VmOptions &options);

} // namespace console
