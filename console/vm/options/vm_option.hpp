// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "console/vm/options/vm_options.hpp"

namespace console {

enum class OptionPlace { Everywhere, FilesOnly };
enum class OptionKind { Value, YesNo, List };

// One option of a VM: of `vmnix run`, as a key in files, and in the definition that the VMM keeps.
struct VmOption {
    const char *key;
    const char *value_name;
    const char *help;
    OptionPlace place;
    OptionKind kind;
    // Throws BadValue. Relative paths begin at `folder`. A list grows.
    std::function<void(VmOptions &, const std::string &, const std::filesystem::path &folder)> set;
    // As it would be written; nothing where it is as by default.
    std::function<std::vector<std::string>(const VmOptions &)> get;
};

std::span<const VmOption> vm_options();
const VmOption *find_vm_option(std::string_view key); // null: there is none

} // namespace console
