// SPDX-License-Identifier: GPL-2.0-only
// Zeroed page frames: from the arena, handed out from its start, then from pieces that were given later. What is
// released is handed out again; an unused frame holds the link to the next.
#pragma once

#include "vmm/base/bits.hpp"
#include "vmm/base/result.hpp"
#include "vmm/base/spin_lock.hpp"
#include "vmm/core/physmap.hpp"
#include "vmm/mm/pieces.hpp"

namespace vmm {

class FramePool {
  public:
    void use(Range<Hpa> free) {
        State &s = state_.unguarded();
        s.next = free.begin.raw();
        s.end = free.end().raw();
    }

    // Several pages are contiguous, and come from the arena only.
    Result<Hpa> allocate(unsigned pages = 1) {
        const Hpa frames = TRY(take(pages));
        __builtin_memset(at_physical<std::byte>(frames), 0, pages * kPageSize);
        return frames;
    }

    // Nobody reaches it any more.
    void release(Hpa frame) {
        auto s = state_.lock();
        push(*s, frame.raw());
        s->used--;
    }

    // A piece becomes frames.
    void add(Hpa piece) {
        auto s = state_.lock();
        for (std::uint64_t at = PieceMap::kSize; at != 0; at -= kPageSize)
            push(*s, piece.raw() + at - kPageSize);
    }

    // A piece whose frames are all unused is no longer the pool's. One at a time; NotFound when there is none.
    Result<Hpa> remove_unused(const PieceMap &pieces) {
        auto s = state_.lock();
        for (std::uint64_t at = s->unused; at != 0; at = link(at)) {
            const std::uint64_t piece = align_down(at, PieceMap::kSize);
            if (pieces.at(piece) == Owner::Frames && count_in(*s, piece) == kFramesPerPiece) {
                drop(*s, piece);
                return Hpa(piece);
            }
        }
        return Errc::NotFound;
    }

    std::uint64_t available() {
        auto s = state_.lock();
        return s->listed + (s->end - s->next) / kPageSize;
    }
    std::uint64_t used() { return state_.lock()->used; }

    std::uint64_t *table(Hpa frame) { return at_physical<std::uint64_t>(frame); }
    // Of the arena, so far.
    Hpa next() { return Hpa(state_.unguarded().next); }

  private:
    static constexpr std::uint64_t kFramesPerPiece = PieceMap::kSize / kPageSize;
    struct State {
        std::uint64_t next = 0, end = 0; // the arena's rest
        std::uint64_t unused = 0;        // the first of the list; 0 ends it, as no frame lies there
        std::uint64_t listed = 0, used = 0;
    };

    static std::uint64_t &link(std::uint64_t frame) { return *at_physical<std::uint64_t>(Hpa(frame)); }
    static void push(State &s, std::uint64_t frame) {
        link(frame) = s.unused;
        s.unused = frame;
        s.listed++;
    }

    Result<Hpa> take(unsigned pages) {
        auto s = state_.lock();
        if (pages == 1 && s->unused != 0) {
            const Hpa frame(s->unused);
            s->unused = link(s->unused);
            s->listed--;
            s->used++;
            return frame;
        }
        if (s->end - s->next < pages * kPageSize)
            return Errc::NoMemory;
        s->used += pages;
        return Hpa(std::exchange(s->next, s->next + pages * kPageSize));
    }

    static std::uint64_t count_in(const State &s, std::uint64_t piece) {
        std::uint64_t count = 0;
        for (std::uint64_t at = s.unused; at != 0; at = link(at))
            count += at - piece < PieceMap::kSize;
        return count;
    }
    static void drop(State &s, std::uint64_t piece) {
        std::uint64_t *to = &s.unused;
        while (*to != 0)
            if (*to - piece < PieceMap::kSize) {
                *to = link(*to);
                s.listed--;
            } else {
                to = &link(*to);
            }
    }

    Locked<State, LockRank::Frames> state_;
};

} // namespace vmm
