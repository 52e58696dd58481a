// SPDX-License-Identifier: GPL-2.0-only
// A lock that owns its data: the data is reached only through the guard. Ranks rise along every nesting.
#pragma once

#include <atomic>
#include <cstdint>

namespace vmm {

// Order in which locks may be taken; a holder takes only higher ranks. One list, so that a cycle cannot be written.
enum class LockRank : std::uint8_t { Vms = 1, Memory, NestedTables, Frames, Board, IoApic, Scheduler, Log };

template <class T, LockRank Rank> class Locked {
  public:
    class Guard {
      public:
        explicit Guard(Locked &owner) : owner_(owner) {
            const auto ticket = owner_.next_.fetch_add(1, std::memory_order_relaxed);
            while (owner_.serving_.load(std::memory_order_acquire) != ticket)
                __builtin_ia32_pause();
        }
        ~Guard() { owner_.serving_.fetch_add(1, std::memory_order_release); }
        Guard(const Guard &) = delete;
        Guard &operator=(const Guard &) = delete;
        T *operator->() { return &owner_.value_; }
        T &operator*() { return owner_.value_; }

      private:
        Locked &owner_;
    };

    constexpr Locked() = default;
    [[nodiscard]] Guard lock() { return Guard(*this); }
    // For the launch, while one CPU runs, and for reports after a panic, when nobody may wait.
    T &unguarded() { return value_; }

  private:
    std::atomic<std::uint32_t> next_{0}, serving_{0};
    T value_{};
};

} // namespace vmm
