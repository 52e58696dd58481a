// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "console/base/unique_fd.hpp"
#include "console/check/cpu_probe.hpp"

namespace console {

// The model-specific registers of one CPU as the msr driver shows them to root.
class MsrFile {
  public:
    MsrFile(const std::filesystem::path &root, unsigned cpu, CpuProbe &probe);
    bool is_open() const { return static_cast<bool>(file_); }
    // Nothing if the CPU has no such register, or the kernel does not let it be read.
    std::optional<std::uint64_t> read(std::uint32_t number) const;

  private:
    UniqueFd file_;
    CpuProbe &probe_;
};

} // namespace console
