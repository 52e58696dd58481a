// SPDX-License-Identifier: GPL-2.0-only
// In hosted tests: the real lock, which ends the process when a thread takes locks out of their order.
#pragma once

#define Locked RealLocked
#include_next "vmm/base/spin_lock.hpp"
#undef Locked

#include "vmm/base/assert.hpp"

namespace vmm {
namespace test {

inline thread_local std::uint32_t g_ranks_held = 0;

class RankHeld {
  public:
    explicit RankHeld(LockRank rank) : bit_(1u << static_cast<unsigned>(rank)) {
        if (g_ranks_held >= bit_)
            panic("a lock is taken that may wait for itself", __FILE__, __LINE__);
        g_ranks_held |= bit_;
    }
    ~RankHeld() { g_ranks_held &= ~bit_; }
    RankHeld(const RankHeld &) = delete;
    RankHeld &operator=(const RankHeld &) = delete;

  private:
    std::uint32_t bit_;
};

} // namespace test

template <class T, LockRank Rank> class Locked {
    using Real = RealLocked<T, Rank>;

  public:
    class Guard {
      public:
        explicit Guard(Locked &owner) : held_(Rank), guard_(owner.real_) {}
        T *operator->() { return guard_.operator->(); }
        T &operator*() { return *guard_; }

      private:
        test::RankHeld held_;
        typename Real::Guard guard_;
    };

    constexpr Locked() = default;
    [[nodiscard]] Guard lock() { return Guard(*this); }
    T &unguarded() { return real_.unguarded(); }

  private:
    Real real_;
};

} // namespace vmm
