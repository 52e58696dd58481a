// SPDX-License-Identifier: GPL-2.0-only
// Which guest-physical addresses are a world's RAM. The only question the VMM asks before it touches guest memory.
#pragma once

#include "vmm/base/types.hpp"

#include <array>

namespace vmm {

class MemoryMap {
  public:
    static constexpr unsigned kMost = 160;

    // Adds RAM, in whole pages. False when the table is full; the caller then refuses the launch.
    bool add(Range<Gpa> range) {
        if (range.size == 0)
            return true;
        if (count_ == kMost)
            return false;
        // Largest first: nearly every look-up ends at the first or second row.
        unsigned at = count_++;
        for (; at > 0 && ranges_[at - 1].size < range.size; at--)
            ranges_[at] = ranges_[at - 1];
        ranges_[at] = range;
        return true;
    }

    // Adds RAM without the part that `hole` covers.
    bool add_without(Range<Gpa> range, Range<Gpa> hole) {
        const std::uint64_t begin = range.begin.raw(), end = range.end().raw();
        const std::uint64_t cut = hole.begin.raw() < begin ? begin : hole.begin.raw();
        const std::uint64_t rest = hole.end().raw() > end ? end : hole.end().raw();
        if (cut >= rest)
            return add(range);
        return add({range.begin, cut - begin}) && add({Gpa(rest), end - rest});
    }

    // Whether the page around `address` is RAM: ranges are whole pages, and below a range the difference wraps to more
    // than its size.
    [[gnu::always_inline]] bool is_ram(Gpa address) const {
        if (address - ranges_[0].begin < ranges_[0].size) [[likely]]
            return true;
        return is_ram_elsewhere(address);
    }

    unsigned count() const { return count_; }
    const Range<Gpa> &operator[](unsigned i) const { return ranges_[i]; }

  private:
    bool is_ram_elsewhere(Gpa address) const {
        for (unsigned i = 1; i < count_; i++)
            if (address - ranges_[i].begin < ranges_[i].size)
                return true;
        return false;
    }

    std::array<Range<Gpa>, kMost> ranges_{};
    unsigned count_ = 0;
};

} // namespace vmm
