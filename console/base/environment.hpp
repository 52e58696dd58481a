// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <unistd.h>
#include <vector>

#include "console/base/clock.hpp"
#include "console/base/output.hpp"
#include "console/base/program.hpp"
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
    // Runs a program of the system with its words and gives its exit code.
    std::function<int(const std::vector<std::string> &)> run_program = run_program_here;
    std::function<ProgramResult(const std::vector<std::string> &)> capture_program = capture_program_here;
};

} // namespace console
