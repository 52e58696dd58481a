// SPDX-License-Identifier: GPL-2.0-only
#include "tests/machine/harness/terminal.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fcntl.h>
#include <poll.h>
#include <stdexcept>
#include <termios.h>
#include <unistd.h>
#include <utility>

namespace harness {

Terminal::Terminal(const std::filesystem::path &log)
    : descriptor_(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK)), log_(log) {
    char name[64];
    if (descriptor_ < 0 || grantpt(descriptor_) != 0 || unlockpt(descriptor_) != 0 ||
        ptsname_r(descriptor_, name, sizeof name) != 0 || (other_ = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC)) < 0)
        throw std::runtime_error("no pseudo-terminal");
    name_ = name;
    termios settings{};
    tcgetattr(other_, &settings);
    cfmakeraw(&settings); // no echo of what is typed before the emulator has opened it
    tcsetattr(other_, TCSANOW, &settings);
}

void Terminal::hush() {
    stop_ = true;
    if (reader_.joinable())
        reader_.join();
}

Terminal::~Terminal() {
    hush();
    close(other_);
    close(descriptor_);
}

void Terminal::listen(std::function<bool()> alive, std::function<std::string()> last_words) {
    reader_ = std::thread([this, alive = std::move(alive), last_words = std::move(last_words)] {
        bool lives = true;
        while (!stop_ && (receive() || lives))
            lives = alive();
        received(last_words());
        ended();
    });
}

bool Terminal::receive() {
    constexpr int kMilliseconds = 100;
    pollfd line{.fd = descriptor_, .events = POLLIN, .revents = 0};
    char piece[4096];
    if (poll(&line, 1, kMilliseconds) <= 0)
        return false;
    const ssize_t bytes = read(descriptor_, piece, sizeof piece);
    if (bytes <= 0)
        return false;
    log_.write(piece, bytes).flush();
    received({piece, static_cast<std::size_t>(bytes)});
    return true;
}

// A UART takes sixteen bytes, and its machine may be busy with a VM until it looks: what comes meanwhile is lost.
std::size_t Terminal::send(std::string_view text) {
    constexpr std::size_t kPiece = 14;
    constexpr std::chrono::milliseconds kPause(200); // many turns of a VM
    const ssize_t bytes = write(descriptor_, text.data(), std::min(text.size(), kPiece));
    if (bytes > 0)
        std::this_thread::sleep_for(kPause);
    return bytes > 0 ? static_cast<std::size_t>(bytes) : 0;
}

} // namespace harness
