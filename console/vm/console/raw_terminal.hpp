// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <termios.h>

namespace console {

// A terminal whose keys all go to a VM: no echo, no lines, no signals. As before when the object is gone. Nothing is
// changed where the descriptor is no terminal.
class RawTerminal {
  public:
    explicit RawTerminal(int fd);
    ~RawTerminal() { leave(); }
    RawTerminal(const RawTerminal &) = delete;
    RawTerminal &operator=(const RawTerminal &) = delete;

    bool is_terminal() const { return terminal_; }
    void enter();
    void leave();

  private:
    int fd_;
    termios saved_{};
    bool terminal_; // and `saved_` is how it was; hence after it
};

} // namespace console
