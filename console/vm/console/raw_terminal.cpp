// SPDX-License-Identifier: GPL-2.0-only
#include "console/vm/console/raw_terminal.hpp"

namespace console {

RawTerminal::RawTerminal(int fd) : fd_(fd), terminal_(::tcgetattr(fd, &saved_) == 0) {
    enter();
}

void RawTerminal::enter() {
    if (!terminal_)
        return;
    termios raw = saved_;
    ::cfmakeraw(&raw);
    raw.c_oflag |= OPOST; // our own messages end lines with a newline only; a VM's carriage return does no harm
    ::tcsetattr(fd_, TCSADRAIN, &raw);
}

void RawTerminal::leave() {
    if (terminal_)
        ::tcsetattr(fd_, TCSADRAIN, &saved_);
}

} // namespace console
