// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <unistd.h>

#include "console/base/clock.hpp"
#include "console/base/output.hpp"
#include "console/check/cpu_probe.hpp"
#include "console/device/vmm_device.hpp"
#include "console/vm/start/vm_image.hpp"

namespace console {

// All that a command touches of the world; tests put their own in its place.
struct Environment {
    std::filesystem::path root; // what stands for "/", without a slash at the end
    Output &out;
    Output &err;
    std::function<std::unique_ptr<VmmDevice>()> open_device;
    std::function<std::unique_ptr<CpuProbe>()> cpu_probe;
    std::function<void(double)> sleep; // seconds
    VmImageLoader load_image = load_vm_image;
    std::function<double()> monotonic = monotonic_seconds;
    std::function<double()> wall_clock = wall_seconds; // seconds since 1970
    int input = STDIN_FILENO;
};

} // namespace console
