// SPDX-License-Identifier: GPL-2.0-only
#pragma once

namespace console {

// What the shell sees; vmnix(8) promises these numbers to scripts.
enum class ExitCode : int {
    Ok = 0,         // done; check: nothing speaks against a launch
    Failure = 1,    // it went wrong; check: the launch would be refused
    Usage = 2,      // the command line or a file with options makes no sense
    NotRunning = 3, // the VMM is not loaded
    Permission = 4, // /dev/vmnix is not for this user
    NotFound = 5,   // there is no such VM
    WrongState = 6, // the VM is not in a state for that
    Refused = 7,    // a limit: memory, reservations, a name that is taken
    TimedOut = 8,   // the time is over, the VM goes on
};

} // namespace console
