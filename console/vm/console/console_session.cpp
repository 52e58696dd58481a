// SPDX-License-Identifier: GPL-2.0-only
#include "console/vm/console/console_session.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <poll.h>
#include <unistd.h>

#include "console/base/failure.hpp"

namespace console {

namespace {

constexpr char leave_key = 0x1d; // Ctrl-]
constexpr std::size_t enough_pending = 4096;
constexpr int full_uart_ms = 20;    // then it is offered again
constexpr int lost_event_ms = 1000; // should an event get lost, the screen is late by no more

} // namespace

ConsoleSession::ConsoleSession(Environment &environment, VmmDevice &device, std::uint32_t id,
                               std::optional<double> timeout)
    : environment_(environment), device_(device),
      id_(id), signals_{SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGPIPE, SIGALRM, SIGUSR1, SIGUSR2},
      terminal_(environment.input), watcher_(device) {
    if (timeout)
        deadline_ = environment.monotonic() + *timeout;
}

bool ConsoleSession::late() const {
    return deadline_ && environment_.monotonic() >= *deadline_;
}

int ConsoleSession::patience_ms() const {
    const int longest = pending_.empty() ? lost_event_ms : full_uart_ms;
    if (!deadline_)
        return longest;
    const double left = std::ceil(1000 * (*deadline_ - environment_.monotonic()));
    return static_cast<int>(std::clamp(left, 0.0, double(longest)));
}

ConsoleSession::Vm ConsoleSession::show_output() {
    // The state first: what the VM wrote before it ended is then read in any case.
    const auto info = device_.vm_info(id_);
    for (;;) {
        const auto piece = device_.read_console(id_, position_);
        if (!piece)
            return Vm::Gone;
        position_ = piece->position + piece->bytes.size();
        if (piece->bytes.empty())
            break;
        environment_.out.write(piece->bytes);
    }
    if (!info)
        return Vm::Gone;
    return info->state == VMNIX_VM_STATE_ENDED ? Vm::Ended : Vm::Lives;
}

void ConsoleSession::take_input() {
    char keys[512];
    const ssize_t got = ::read(environment_.input, keys, sizeof keys);
    if (got < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (got <= 0) {
        input_open_ = false;
        if (interactive()) // hung up
            end_ = End::Left;
        return;
    }
    const std::string_view typed(keys, static_cast<std::size_t>(got));
    const std::size_t leave = interactive() ? typed.find(leave_key) : typed.npos;
    pending_.append(typed.substr(0, leave));
    if (leave != typed.npos)
        end_ = End::Left;
}

void ConsoleSession::offer_input() {
    while (!pending_.empty()) {
        const std::size_t taken = device_.write_console(id_, pending_).value_or(0);
        if (taken == 0)
            return;
        pending_.erase(0, taken);
    }
}

void ConsoleSession::take_signal() {
    const int signal = signals_.take();
    if (signal == SIGTSTP) {
        terminal_.leave();
        ::raise(SIGSTOP); // returns when the shell continues this process
        terminal_.enter();
    } else if (signal != 0) {
        end_ = End::Interrupted;
    }
}

void ConsoleSession::wait() {
    const bool wanted = input_open_ && pending_.size() < enough_pending;
    std::array<pollfd, 3> sources{
        {{signals_.fd(), POLLIN, 0}, {watcher_.fd(), POLLIN, 0}, {wanted ? environment_.input : -1, POLLIN, 0}}};
    if (::poll(sources.data(), sources.size(), patience_ms()) <= 0)
        return;
    if (sources[0].revents)
        take_signal();
    if (sources[1].revents)
        watcher_.acknowledge();
    if (sources[2].revents)
        take_input();
}

ConsoleSession::End ConsoleSession::run() {
    for (;;) {
        offer_input();
        const Vm vm = show_output();
        if (end_)
            return *end_;
        if (vm != Vm::Lives)
            return vm == Vm::Ended ? End::Ended : End::Gone;
        if (late())
            return End::TimedOut;
        wait();
    }
}

} // namespace console
