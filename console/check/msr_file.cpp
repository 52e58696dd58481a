// SPDX-License-Identifier: GPL-2.0-only
#include "console/check/msr_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>

namespace console {

MsrFile::MsrFile(const std::filesystem::path &root, unsigned cpu)
    : file_(::open(fmt::format("{}/dev/cpu/{}/msr", root.string(), cpu).c_str(), O_RDONLY | O_CLOEXEC)) {}

std::optional<std::uint64_t> MsrFile::read(std::uint32_t number) const {
    std::uint64_t value = 0;
    if (!file_ || ::pread(file_.get(), &value, sizeof value, number) != sizeof value)
        return std::nullopt;
    return value;
}

} // namespace console
