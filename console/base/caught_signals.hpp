// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <csignal>
#include <initializer_list>

#include "console/base/unique_fd.hpp"

namespace console {

// Signals that come as something to read, until the object is gone. Threads that are made meanwhile do not get them.
class CaughtSignals {
  public:
    CaughtSignals(std::initializer_list<int> signals);
    ~CaughtSignals();
    CaughtSignals(const CaughtSignals &) = delete;
    CaughtSignals &operator=(const CaughtSignals &) = delete;

    int fd() const { return fd_.get(); } // readable when one came
    int take();                          // which one; 0: none

  private:
    sigset_t before_{};
    UniqueFd fd_;
};

} // namespace console
