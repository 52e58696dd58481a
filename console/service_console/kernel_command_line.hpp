// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <string>
#include <string_view>

namespace console {

// What tells a restarted console's service to take the place of the one before.
inline constexpr std::string_view adopt_word = "vmnix=adopt";

// The command line of a console that is restarted: without what its boot loader said of itself and of the VMM, and with
// adopt_word. Quotes keep blanks together, as Linux reads them.
std::string restart_command_line(std::string_view before);

} // namespace console
