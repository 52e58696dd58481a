// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <atomic>

#include "x86.hpp"

// Held with interrupts off, so that no handler waits for what it interrupted.
class SpinLock {
  public:
    class Holder {
      public:
        explicit Holder(SpinLock &lock) : lock_(lock) {
            asm volatile("pushfq; popq %0; cli" : "=r"(flags_)::"memory");
            while (lock_.taken_.exchange(true, std::memory_order_acquire))
                x86::pause();
        }
        ~Holder() {
            lock_.taken_.store(false, std::memory_order_release);
            if (flags_ & 0x200)
                x86::sti();
        }
        Holder(const Holder &) = delete;
        Holder &operator=(const Holder &) = delete;

      private:
        SpinLock &lock_;
        std::uint64_t flags_;
    };

  private:
    std::atomic<bool> taken_{false};
};
