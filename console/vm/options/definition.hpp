// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <optional>
#include <string>

#include "console/text/json.hpp"
#include "console/vm/options/vm_options.hpp"

namespace console {

// The options as the VMM keeps them with the VM, for info and reset: JSON with the keys of files.
std::string definition_text(const VmOptions &options);              // Failure, if there is no room for that
std::optional<VmOptions> parse_definition(const std::string &text); // nothing, if it is none of ours
Json definition_json(const VmOptions &options);

} // namespace console
