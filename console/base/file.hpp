// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace console {

// The whole of a small file, also of the kind in /proc that has no size; nothing if it cannot be read.
std::optional<std::string> read_file(const std::filesystem::path &path);

} // namespace console
