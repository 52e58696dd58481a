// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "console/boot/boot_image.hpp"

namespace console {

// What lies where in the VM's low RAM. An area is claimed before it is filled, so nothing is placed twice or outside.
class MemoryPlan {
  public:
    // Beside the kernel there are files of so many bytes: a failure's remedy is for all.
    explicit MemoryPlan(std::uint64_t memory, std::uint64_t beside = 0);

    std::uint64_t end() const { return end_; } // of low RAM
    std::uint64_t beside() const { return beside_; }
    std::uint64_t fixed_end() const { return fixed_end_; } // of the highest area that had to lie where it lies

    // An area at its place. Failure, if it is not all RAM or not free.
    void claim(std::string_view what, std::uint64_t address, std::uint64_t size);
    // A free area as near as can be to one end of a range, in whole pages; nothing, if there is none.
    std::optional<std::uint64_t> claim_above(std::string_view what, std::uint64_t from, std::uint64_t size);
    std::optional<std::uint64_t> claim_below(std::string_view what, std::uint64_t from, std::uint64_t limit,
                                             std::uint64_t size);
    // The content of an area or of a part of it; what no content is given for stays zero.
    void fill(std::uint64_t address, Bytes bytes);

    std::vector<Segment> take(); // sorted

  private:
    struct Area {
        std::uint64_t begin;
        std::uint64_t end;
        std::string what;
    };

    const Area *overlapping(std::uint64_t begin, std::uint64_t end) const;

    std::uint64_t end_;
    std::uint64_t beside_;
    std::uint64_t fixed_end_ = 0;
    std::vector<Area> areas_;
    std::vector<Segment> segments_;
};

// The largest remedy of all: how much memory the VM would have to have for low RAM to reach that far.
std::string remedy_by_memory(std::uint64_t low_ram_end);

} // namespace console
