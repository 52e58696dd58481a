// SPDX-License-Identifier: GPL-2.0-only
#include "console/check/msr_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>

namespace console {

MsrFile::MsrFile(const std::filesystem::path &root, unsigned cpu, CpuProbe &probe)
    : file_(::open(fmt::format("{}/dev/cpu/{}/msr", root.string(), cpu).c_str(), O_RDONLY | O_CLOEXEC)), probe_(probe) {
}

std::optional<std::uint64_t> MsrFile::read(std::uint32_t number) const {
    return file_ ? probe_.msr(file_.get(), number) : std::nullopt;
}

} // namespace console
