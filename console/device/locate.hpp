// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <filesystem>
#include <memory>

#include "console/base/failure.hpp"
#include "console/device/vmm_device.hpp"

namespace console {

// What can be seen of the VMM before the device answers.
struct Traces {
    bool module_loaded;
    bool vmm_in_cpuid; // the VMM's signature in its CPUID leaf
};

// Looks at the machine whose files lie below `root`, and at the CPU that runs this.
Traces look_for_vmm(const std::filesystem::path &root);

// The answer to a device that cannot be opened.
Failure explain_missing_device(int error, const Traces &traces);

// Opens /dev/vmnix below `root` or throws what explain_missing_device() says.
std::unique_ptr<VmmDevice> open_device(const std::filesystem::path &root);

} // namespace console
