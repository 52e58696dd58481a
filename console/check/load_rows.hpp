// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <filesystem>
#include <optional>

#include "console/check/check_report.hpp"
#include "console/check/module_file.hpp"

// What must be so before the module gets to judge anything.
namespace console {

CheckRow loading_row(const std::filesystem::path &root); // does this kernel take modules at all
CheckRow module_row(const std::optional<ModuleFile> &module, const std::string &release);
// Secure Boot and its relatives: only signed modules are let in.
CheckRow signature_row(const std::filesystem::path &root, const std::optional<ModuleFile> &module);
CheckRow kvm_row(const std::filesystem::path &root);
} // namespace console
