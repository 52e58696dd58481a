// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <filesystem>
#include <string_view>

#include "console/vm/options/vm_options.hpp"

namespace console {

// The options in a file of "key = value" lines. Failure names file and line. A VM without a name gets the file's.
VmOptions read_vm_file(const std::filesystem::path &path);
VmOptions parse_vm_file(std::string_view text, const std::filesystem::path &path);

} // namespace console
