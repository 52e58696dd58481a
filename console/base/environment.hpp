// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <filesystem>
#include <functional>
#include <memory>

#include "console/base/output.hpp"
#include "console/check/cpu_probe.hpp"
#include "console/device/vmm_device.hpp"

namespace console {

// All that a command touches of the world; tests put their own in its place.
struct Environment {
    std::filesystem::path root; // what stands for "/", without a slash at the end
    Output &out;
    Output &err;
    std::function<std::unique_ptr<VmmDevice>()> open_device;
    std::function<std::unique_ptr<CpuProbe>()> cpu_probe;
    std::function<void(double)> sleep; // seconds
};

} // namespace console
