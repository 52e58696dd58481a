// SPDX-License-Identifier: GPL-2.0-only
#include "tests/machine/harness/serial.hpp"

#include "tests/machine/harness/host.hpp"

#include <fmt/format.h>
#include <thread>

namespace harness {

using namespace std::chrono_literals;

Serial::Serial(virDomainPtr domain) : stream_(virStreamNew(Host::instance().connection(), VIR_STREAM_NONBLOCK)) {
    if (!stream_ || virDomainOpenConsole(domain, nullptr, stream_, VIR_DOMAIN_CONSOLE_FORCE) < 0)
        throw LibvirtError("serial line");
    if (virStreamEventAddCallback(stream_, VIR_STREAM_EVENT_READABLE | VIR_STREAM_EVENT_HANGUP | VIR_STREAM_EVENT_ERROR,
                                  &Serial::ready, this, nullptr) < 0)
        throw LibvirtError("serial line's events");
}

Serial::~Serial() {
    virStreamEventRemoveCallback(stream_);
    // The event thread may be inside the callback; it takes this lock.
    std::lock_guard guard(mutex_);
    virStreamAbort(stream_);
    virStreamFree(stream_);
}

void Serial::ready(virStreamPtr, int events, void *self) {
    auto *serial = static_cast<Serial *>(self);
    if (events & VIR_STREAM_EVENT_READABLE)
        serial->receive();
    if (events & (VIR_STREAM_EVENT_HANGUP | VIR_STREAM_EVENT_ERROR)) {
        std::lock_guard guard(serial->mutex_);
        serial->ended_ = true;
        serial->grown_.notify_all();
        virStreamEventUpdateCallback(serial->stream_, 0);
    }
}

void Serial::receive() {
    std::lock_guard guard(mutex_);
    char piece[4096];
    for (;;) {
        const int bytes = virStreamRecv(stream_, piece, sizeof piece);
        if (bytes <= 0) { // -2: nothing more now
            ended_ = ended_ || bytes != -2;
            break;
        }
        for (int i = 0; i < bytes; ++i)
            if (piece[i] != '\r')
                text_ += piece[i];
    }
    if (ended_)
        virStreamEventUpdateCallback(stream_, 0);
    grown_.notify_all();
}

void Serial::type(const std::string &text) {
    std::size_t sent = 0;
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    while (sent < text.size()) {
        const int bytes = virStreamSend(stream_, text.data() + sent, text.size() - sent);
        if (bytes == -1)
            throw LibvirtError("typing");
        if (bytes > 0) {
            sent += static_cast<std::size_t>(bytes);
            continue;
        }
        // The machine does not read as fast as this types.
        if (std::chrono::steady_clock::now() > deadline)
            throw Timeout("the machine takes no input; it said last:\n" + tail());
        std::this_thread::sleep_for(5ms);
    }
}

std::size_t Serial::wait_for_any(const std::vector<std::string> &texts, Seconds limit, std::string *before) {
    const auto deadline =
        std::chrono::steady_clock::now() + std::chrono::duration_cast<std::chrono::nanoseconds>(limit);
    std::unique_lock lock(mutex_);
    for (;;) {
        std::size_t best = std::string::npos, which = 0;
        for (std::size_t i = 0; i < texts.size(); ++i)
            if (const std::size_t at = text_.find(texts[i], position_); at < best)
                best = at, which = i;
        if (best != std::string::npos) {
            if (before)
                *before = text_.substr(position_, best - position_);
            position_ = best + texts[which].size();
            return which;
        }
        const bool late = grown_.wait_until(lock, deadline) == std::cv_status::timeout;
        if (!late && !ended_)
            continue;
        const std::size_t from = text_.size() > 2000 ? text_.size() - 2000 : 0;
        throw Timeout(fmt::format("no '{}' {}; the machine said last:\n{}", texts.front(),
                                  ended_ ? "before the machine ended" : fmt::format("within {} s", limit.count()),
                                  text_.substr(from)));
    }
}

std::string Serial::wait_for(const std::string &text, Seconds limit) {
    std::string before;
    wait_for_any({text}, limit, &before);
    return before;
}

bool Serial::said(const std::string &text) const {
    std::lock_guard guard(mutex_);
    return text_.find(text) != std::string::npos;
}

std::string Serial::tail(std::size_t bytes) const {
    std::lock_guard guard(mutex_);
    return text_.size() > bytes ? text_.substr(text_.size() - bytes) : text_;
}

std::string Serial::all() const {
    std::lock_guard guard(mutex_);
    return text_;
}

} // namespace harness
