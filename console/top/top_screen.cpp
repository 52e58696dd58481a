// SPDX-License-Identifier: GPL-2.0-only
#include "console/top/top_screen.hpp"

#include <cerrno>
#include <poll.h>
#include <string>
#include <sys/signalfd.h>
#include <unistd.h>

#include "console/base/failure.hpp"

namespace console {

namespace {

// Alternate screen, no cursor, no automatic wrapping.
constexpr std::string_view enter_sequence = "\x1b[?1049h\x1b[?25l\x1b[?7l";
constexpr std::string_view leave_sequence = "\x1b[?7h\x1b[?25h\x1b[?1049l";

sigset_t handled_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGTSTP})
        sigaddset(&set, signal);
    return set;
}

} // namespace

TopScreen::TopScreen(Output &out) : out_(out), keys_(::tcgetattr(STDIN_FILENO, &saved_) == 0) {
    const sigset_t set = handled_signals();
    sigprocmask(SIG_BLOCK, &set, &saved_mask_);
    signals_ = UniqueFd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    enter();
}

TopScreen::~TopScreen() {
    try {
        leave();
    } catch (const Failure &) { // the terminal is gone
    }
    sigprocmask(SIG_SETMASK, &saved_mask_, nullptr);
}

void TopScreen::enter() {
    if (keys_) {
        termios raw = saved_;
        raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO); // ISIG stays: ^C and ^Z come as signals
        raw.c_cc[VMIN] = 0;
        raw.c_cc[VTIME] = 0;
        ::tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
    }
    out_.write(enter_sequence);
}

void TopScreen::leave() {
    if (keys_)
        ::tcsetattr(STDIN_FILENO, TCSADRAIN, &saved_);
    out_.write(leave_sequence);
}

void TopScreen::draw(std::string_view text) {
    std::string frame = "\x1b[H";
    for (const char c : text) {
        if (c == '\n')
            frame += "\x1b[K\r\n";
        else
            frame += c;
    }
    out_.write(frame + "\x1b[J");
}

TopScreen::Event TopScreen::wait(int timeout_ms) {
    pollfd sources[] = {{signals_.get(), POLLIN, 0}, {keys_ ? STDIN_FILENO : -1, POLLIN, 0}};
    const int ready = ::poll(sources, 2, timeout_ms);
    if (ready <= 0)
        return Event::Timeout;
    return sources[0].revents ? take_signal() : take_key();
}

TopScreen::Event TopScreen::take_signal() {
    signalfd_siginfo info{};
    if (::read(signals_.get(), &info, sizeof info) != sizeof info || info.ssi_signo == SIGWINCH)
        return Event::Redraw;
    if (info.ssi_signo != SIGTSTP)
        return Event::Quit;
    leave();
    ::raise(SIGSTOP); // returns when the shell continues this process
    enter();
    return Event::Redraw;
}

TopScreen::Event TopScreen::take_key() {
    char keys[16];
    const ssize_t got = ::read(STDIN_FILENO, keys, sizeof keys);
    if (got <= 0)
        return Event::Quit; // the terminal hung up
    const std::string_view pressed(keys, static_cast<std::size_t>(got));
    if (pressed == "q" || pressed == "Q")
        return Event::Quit;
    if (pressed == "\x1b[A" || pressed == "\x1bOA" || pressed == "k")
        return Event::Up;
    if (pressed == "\x1b[B" || pressed == "\x1bOB" || pressed == "j")
        return Event::Down;
    if (pressed == "e")
        return Event::Exits;
    return Event::Redraw;
}

} // namespace console
