// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <atomic>
#include <thread>

#include "console/base/unique_fd.hpp"
#include "console/device/vmm_device.hpp"

namespace console {

// Makes the VMM's events something that poll(2) can wait for beside keys: a thread sleeps in the driver.
class EventWatcher {
  public:
    explicit EventWatcher(VmmDevice &device);
    ~EventWatcher();
    EventWatcher(const EventWatcher &) = delete;
    EventWatcher &operator=(const EventWatcher &) = delete;

    int fd() const { return fd_.get(); } // readable when something happened
    void acknowledge();

  private:
    void watch();

    VmmDevice &device_;
    UniqueFd fd_;
    std::atomic<bool> enough_{false};
    std::thread thread_;
};

} // namespace console
