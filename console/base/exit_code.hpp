// SPDX-License-Identifier: GPL-2.0-only
#pragma once

namespace console {

// What the shell sees; vmnix(8) promises these numbers to scripts.
enum class ExitCode : int {
    Ok = 0,         // done; check: nothing speaks against a launch
    Failure = 1,    // it went wrong; check: the launch would be refused
    Usage = 2,      // the command line makes no sense
    NotRunning = 3, // the VMM is not loaded
    Permission = 4, // /dev/vmnix is not for this user
};

} // namespace console
