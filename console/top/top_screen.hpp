// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <csignal>
#include <string_view>
#include <termios.h>

#include "console/base/output.hpp"
#include "console/base/unique_fd.hpp"

namespace console {

// The terminal while `vmnix top` has it: another screen, keys as they are pressed, signals as events. Whatever ends
// the command, the destructor gives the terminal back as it was.
class TopScreen {
  public:
    enum class Event { Timeout, Quit, Up, Down, Exits, Redraw };

    explicit TopScreen(Output &out);
    ~TopScreen();
    TopScreen(const TopScreen &) = delete;
    TopScreen &operator=(const TopScreen &) = delete;

    Event wait(int timeout_ms);
    void draw(std::string_view text); // lines; what they leave of the screen becomes blank

  private:
    void enter();
    void leave();
    Event take_signal();
    Event take_key();

    Output &out_;
    termios saved_{};
    bool keys_; // standard input is a terminal too, and `saved_` is how it was; hence after it
    sigset_t saved_mask_{};
    UniqueFd signals_;
};

} // namespace console
