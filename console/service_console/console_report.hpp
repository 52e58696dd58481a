// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <string>
#include <string_view>

#include "console/text/json.hpp"
#include "console/text/style.hpp"
#include "vmnix/abi/hypercall/console.h"

namespace console {

// What the VMM keeps of its service consoles, for people and for programs.
std::string console_text(const vmnix_console_info &info, std::uint64_t tsc_khz, const Style &style, unsigned width);
Json console_json(const vmnix_console_info &info, std::uint64_t tsc_khz);

// One line each of `vmnix status`.
std::string generation_line(const vmnix_console_info &info);
std::string package_line(const vmnix_console_info &info);

} // namespace console
