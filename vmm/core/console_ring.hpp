// SPDX-License-Identifier: GPL-2.0-only
// What a VM wrote to its serial line: the newest bytes, in page frames, with positions that only grow.
#pragma once

#include "vmm/core/frame_pool.hpp"

#include <span>

namespace vmm {

class ConsoleRing {
  public:
    static constexpr unsigned kMostPages = kPageSize / sizeof(std::uint64_t);

    // Takes one frame for each page and one to list them. On failure release() gives back what was taken.
    Result<> build(FramePool &frames, unsigned pages) {
        VMM_ASSERT(pages <= kMostPages);
        list_ = frames.table(TRY(frames.allocate()));
        for (; pages_ < pages; pages_++)
            list_[pages_] = TRY(frames.allocate()).raw();
        return {};
    }
    void release(FramePool &frames) {
        if (!list_)
            return;
        while (pages_ != 0)
            frames.release(Hpa(list_[--pages_]));
        frames.release(physical_of(list_));
        list_ = nullptr;
    }

    void put(std::uint8_t byte) { *at(head_++) = byte; }

    std::uint64_t head() const { return head_; }
    std::uint64_t size() const { return pages_ * kPageSize; }

    // Copies from `position`, or from the oldest byte kept when that is later. Returns bytes; moves position to the
    // first.
    unsigned read(std::uint64_t &position, std::span<std::uint8_t> to) const {
        const std::uint64_t oldest = head_ > size() ? head_ - size() : 0;
        position = std::clamp(position, oldest, head_);
        const auto bytes = static_cast<unsigned>(std::min<std::uint64_t>(to.size(), head_ - position));
        for (unsigned i = 0; i < bytes; i++)
            to[i] = *at(position + i);
        return bytes;
    }

  private:
    std::uint8_t *at(std::uint64_t position) const {
        const std::uint64_t offset = position % size();
        return at_physical<std::uint8_t>(Hpa(list_[offset / kPageSize] + offset % kPageSize));
    }

    std::uint64_t *list_ = nullptr; // physical addresses
    unsigned pages_ = 0;
    std::uint64_t head_ = 0;
};

} // namespace vmm
