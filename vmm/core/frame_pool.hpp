// SPDX-License-Identifier: GPL-2.0-only
// Zeroed page frames from the arena, handed out from its start. Nothing is given back while the VMM lives: what it
// holds is sized at the launch, so the pool needs no list.
#pragma once

#include "vmm/base/result.hpp"
#include "vmm/core/physmap.hpp"

#include <atomic>

namespace vmm {

class FramePool {
  public:
    void use(Range<Hpa> free) {
        next_ = free.begin.raw();
        end_ = free.end().raw();
    }

    Result<Hpa> allocate(unsigned pages = 1) {
        const std::uint64_t bytes = pages * kPageSize;
        std::uint64_t at = next_.load(std::memory_order_relaxed);
        do {
            if (end_ - at < bytes)
                return Errc::NoMemory;
        } while (!next_.compare_exchange_weak(at, at + bytes, std::memory_order_relaxed));
        __builtin_memset(at_physical<std::byte>(Hpa(at)), 0, bytes);
        return Hpa(at);
    }

    std::uint64_t *table(Hpa frame) { return at_physical<std::uint64_t>(frame); }
    Hpa next() const { return Hpa(next_); }

  private:
    std::atomic<std::uint64_t> next_{0};
    std::uint64_t end_ = 0;
};

} // namespace vmm
