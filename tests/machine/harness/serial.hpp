// SPDX-License-Identifier: GPL-2.0-only
// A machine's serial line: what it said, and a way to type.
#pragma once

#include <chrono>
#include <condition_variable>
#include <libvirt/libvirt.h>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

namespace harness {

using Seconds = std::chrono::duration<double>;

class Serial {
  public:
    // Attaches to a machine that does not run yet, so that nothing it says is lost.
    explicit Serial(virDomainPtr domain);
    ~Serial();
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

  private:
    static void ready(virStreamPtr stream, int events, void *self);
    void receive();

    virStreamPtr stream_;
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
