// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "vmnix/abi/ioctl/ioctl.h"

namespace console {

// The running VMM as programs of the console reach it. Everything throws Failure when the VMM does not answer.
class VmmDevice {
  public:
    enum class Wait { Readable, Timeout, Gone };

    virtual ~VmmDevice() = default;
    virtual vmnix_info info() = 0;
    virtual vmnix_launch_record launch() = 0;
    // Nothing if there is no such vCPU.
    virtual std::optional<vmnix_cpu_stats> stats(std::uint32_t vcpu) = 0;
    // The next piece of the log; empty when all of it was read.
    virtual std::string read_log() = 0;
    // Until the log grows; a negative time-out waits without end. A signal ends it as a time-out.
    virtual Wait wait_for_log(int timeout_ms) = 0;
};

} // namespace console
