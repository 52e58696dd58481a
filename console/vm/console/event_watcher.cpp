// SPDX-License-Identifier: GPL-2.0-only
#include "console/vm/console/event_watcher.hpp"

#include <sys/eventfd.h>

#include "console/base/failure.hpp"

namespace console {

namespace {

constexpr std::uint32_t slice_ms = 100; // how long the end may have to wait for the thread

} // namespace

EventWatcher::EventWatcher(VmmDevice &device)
    : device_(device), fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), thread_([this] { watch(); }) {}

EventWatcher::~EventWatcher() {
    enough_ = true;
    thread_.join();
}

void EventWatcher::acknowledge() {
    ::eventfd_t count = 0;
    ::eventfd_read(fd_.get(), &count); // none is no harm
}

void EventWatcher::watch() {
    std::uint32_t events = 0;
    while (!enough_) {
        try {
            if (!device_.wait_for_event(events, slice_ms))
                continue;
        } catch (const Failure &) { // who asks the device next learns why
            enough_ = true;
        }
        ::eventfd_write(fd_.get(), 1);
    }
}

} // namespace console
