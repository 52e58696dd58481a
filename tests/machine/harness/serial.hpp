// SPDX-License-Identifier: GPL-2.0-only
// A machine's serial line: what it said, and a way to type. How the line is reached is the emulator's affair.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace harness {

using Seconds = std::chrono::duration<double>;

class Serial {
  public:
    virtual ~Serial() = default;
    Serial(const Serial &) = delete;

    void type(const std::string &text);
    // Waits until `text` comes after the reading position and moves the position behind it. Returns what came before
    // it; throws Timeout with the tail of the line's text.
    std::string wait_for(const std::string &text, Seconds limit);
    // As above for whichever comes first; tells which.
    std::size_t wait_for_any(const std::vector<std::string> &texts, Seconds limit, std::string *before = nullptr);
    bool said(const std::string &text) const; // at any time
    std::string tail(std::size_t bytes = 2000) const;
    std::string all() const;

  protected:
    Serial() = default;
    // Bytes that the line took, 0 when it takes none now.
    virtual std::size_t send(std::string_view text) = 0;
    // From any thread.
    void received(std::string_view text);
    void ended();

  private:
    mutable std::mutex mutex_;
    std::condition_variable grown_;
    std::string text_;
    std::size_t position_ = 0;
    bool ended_ = false;
};

struct Timeout : std::runtime_error {
    using std::runtime_error::runtime_error;
};

} // namespace harness
