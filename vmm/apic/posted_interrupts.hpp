// SPDX-License-Identifier: GPL-2.0-only
// PostedInterrupts: vectors that other CPUs leave for the owner of a virtual LAPIC.
#pragma once

#include "vmm/apic/vector_set.hpp"

#include <array>
#include <atomic>
#include <cstdint>

namespace vmm {

// Ordering. A poster sets the vector's bit, then exchanges the flag to true (release). The owner exchanges the flag to
// false (acquire), then takes the bits. If the owner's exchange comes after the poster's in the flag's modification
// order, it synchronises with it and the bit is visible; if it comes before, the flag stands at true after it and the
// next take() finds the bit. Either way no vector is lost; the worst is a flag that is true over empty bits.
// Of several posters only the one that turned the flag from false to true need wake the owner: the flag is true until
// the owner takes, and the owner takes before every guest entry with physical interrupts held, so a wake-up sent after
// the exchange either precedes the take or forces another exit.
struct alignas(64) PostedInterrupts { // its own cache line: posters must not slow the owner's registers down
    std::array<std::atomic<std::uint64_t>, VectorSet::kWords> posted{};
    std::atomic<bool> pending{false};
    std::array<std::atomic<std::uint64_t>, VectorSet::kWords> level{}; // how each vector was sent last

    // From any CPU. True: the caller must wake the owner if that may be in guest mode or idle.
    bool post(std::uint8_t vector, bool is_level = false) {
        const std::uint64_t mask = 1ull << (vector % 64u);
        std::atomic<std::uint64_t> &levels = level[vector / 64u];
        if (((levels.load(std::memory_order_relaxed) & mask) != 0) != is_level) [[unlikely]]
            is_level ? levels.fetch_or(mask, std::memory_order_relaxed)
                     : levels.fetch_and(~mask, std::memory_order_relaxed);
        posted[vector / 64u].fetch_or(1ull << (vector % 64u), std::memory_order_relaxed);
        return !pending.exchange(true); // sequentially consistent: see notify() in core/schedule.cpp
    }

    // Owner only. One load and a compare when nothing is there.
    bool any() const { return pending.load(std::memory_order_relaxed); }

    bool is_level(std::uint8_t vector) const {
        return level[vector / 64u].load(std::memory_order_relaxed) >> (vector % 64u) & 1;
    }

    // Owner only.
    VectorSet take() {
        VectorSet taken;
        pending.exchange(false, std::memory_order_acq_rel);
        for (unsigned n = 0; n < VectorSet::kWords; n++)
            if (posted[n].load(std::memory_order_relaxed) != 0)
                taken.set_word(n, posted[n].exchange(0, std::memory_order_relaxed));
        return taken;
    }
};

} // namespace vmm
