// SPDX-License-Identifier: GPL-2.0-only
#include <chrono>
#include <exception>
#include <fmt/format.h>
#include <thread>
#include <unistd.h>

#include "console/app/run.hpp"
#include "console/base/fd_output.hpp"
#include "console/check/real_cpu_probe.hpp"
#include "console/device/locate.hpp"

int main(int argc, char **argv) {
    using namespace console;
    reserve_standard_descriptors();
    FdOutput out(STDOUT_FILENO, "standard output"), err(STDERR_FILENO, "standard error");
    Environment environment{
        {},
        out,
        err,
        [] { return open_device({}); },
        [] { return std::make_unique<RealCpuProbe>(); },
        [](double seconds) { std::this_thread::sleep_for(std::chrono::duration<double>(seconds)); }};
    try {
        return static_cast<int>(run(argc, argv, environment));
    } catch (const std::exception &error) { // out of memory and the like
        fmt::print(stderr, "vmnix: {}\n", error.what());
        return static_cast<int>(ExitCode::Failure);
    }
}
