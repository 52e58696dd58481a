// SPDX-License-Identifier: GPL-2.0-only
#include "tests/machine/harness/serial.hpp"

#include <fmt/format.h>
#include <thread>

namespace harness {

using namespace std::chrono_literals;

void Serial::received(std::string_view text) {
    std::lock_guard guard(mutex_);
    for (char c : text)
        if (c != '\r')
            text_ += c;
    grown_.notify_all();
}

void Serial::ended() {
    std::lock_guard guard(mutex_);
    ended_ = true;
    grown_.notify_all();
}

void Serial::type(const std::string &text) {
    std::string_view left = text;
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    while (!left.empty()) {
        const std::size_t bytes = send(left);
        left.remove_prefix(bytes);
        if (bytes > 0)
            continue;
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
