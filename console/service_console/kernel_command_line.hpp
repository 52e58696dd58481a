// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <string>
#include <string_view>

namespace console {

// What tells a restarted console's service to take the place of the one before.
inline constexpr std::string_view adopt_word = "vmnix=adopt";

// A kernel that panics before the module is there has nobody to tell: it resets the machine, which the VMM sees.
inline constexpr std::string_view panic_word = "panic=1";

// The command line of a console that is restarted: without what its boot loader said of itself and of the VMM, and with
// adopt_word and, unless it says what a panic does, panic_word. Quotes keep blanks together, as Linux reads them.
std::string restart_command_line(std::string_view before);

} // namespace console
