// SPDX-License-Identifier: GPL-2.0-only
#include "console/base/fd_output.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <utility>

#include "console/base/failure.hpp"

namespace console {

namespace {

unsigned number_from_environment(const char *name) {
    const char *text = std::getenv(name);
    return text ? static_cast<unsigned>(std::strtoul(text, nullptr, 10)) : 0;
}

} // namespace

FdOutput::FdOutput(int fd, std::string name) : fd_(fd), name_(std::move(name)), terminal_(::isatty(fd) == 1) {}

void FdOutput::write(std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(fd_, text.data(), text.size());
        if (written >= 0) {
            text.remove_prefix(static_cast<std::size_t>(written));
        } else if (errno == EAGAIN) {
            // Somebody else made the shared descriptor non-blocking.
            pollfd wait{fd_, POLLOUT, 0};
            ::poll(&wait, 1, -1);
        } else if (errno != EINTR) {
            throw Failure(ExitCode::Failure, fmt::format("cannot write to {}: {}", name_, std::strerror(errno)));
        }
    }
}

TextSize FdOutput::size() const {
    const TextSize wish{number_from_environment("COLUMNS"), number_from_environment("LINES")};
    if (!terminal_)
        return {wish.columns, 0};
    winsize size{};
    if (::ioctl(fd_, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0)
        return {size.ws_col, size.ws_row};
    return {wish.columns ? wish.columns : 80, wish.rows ? wish.rows : 24}; // a serial line does not know its size
}

void reserve_standard_descriptors() {
    for (int fd = 0; fd <= 2; ++fd)
        if (::fcntl(fd, F_GETFD) < 0 && errno == EBADF)
            // open() takes the lowest free number, which is fd: those below it are open by now.
            if (::open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) < 0)
                std::_Exit(static_cast<int>(ExitCode::Failure));
}

} // namespace console
