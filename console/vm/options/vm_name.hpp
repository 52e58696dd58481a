// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <string>
#include <string_view>

namespace console {

// By which commands call the service console where they take it for a VM.
inline constexpr std::string_view service_console_name = "console";

// The name, if a VM may have it; throws BadValue otherwise.
std::string checked_vm_name(const std::string &name);

} // namespace console
