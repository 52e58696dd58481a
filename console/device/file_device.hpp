// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "console/base/unique_fd.hpp"
#include "console/device/vmm_device.hpp"

namespace console {

// /dev/vmnix.
class FileDevice : public VmmDevice {
  public:
    explicit FileDevice(UniqueFd file) : file_(std::move(file)) {}

    vmnix_info info() override;
    vmnix_launch_record launch() override;
    std::optional<vmnix_cpu_stats> stats(std::uint32_t vcpu) override;
    std::string read_log() override;
    Wait wait_for_log(int timeout_ms) override;

  private:
    UniqueFd file_; // non-blocking
};

} // namespace console
