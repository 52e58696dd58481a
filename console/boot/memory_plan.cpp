// SPDX-License-Identifier: GPL-2.0-only
#include "console/boot/memory_plan.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <stdexcept>

#include "console/base/failure.hpp"
#include "console/boot/layout.hpp"
#include "console/text/units.hpp"

namespace console {

using layout::mib;
using layout::page;

MemoryPlan::MemoryPlan(std::uint64_t memory, std::uint64_t beside)
    : end_(layout::low_ram_end(memory)), beside_(beside) {}

const MemoryPlan::Area *MemoryPlan::overlapping(std::uint64_t begin, std::uint64_t end) const {
    const auto found =
        std::ranges::find_if(areas_, [=](const Area &area) { return begin < area.end && area.begin < end; });
    return found == areas_.end() ? nullptr : &*found;
}

void MemoryPlan::claim(std::string_view what, std::uint64_t address, std::uint64_t size) {
    if (size > layout::low_ram_limit || address > layout::low_ram_limit - size)
        throw Failure(
            ExitCode::Failure,
            fmt::format("{} is to lie at {:#x} and takes {:#x} bytes: a VM has no RAM there", what, address, size),
            "kernels must lie below 3 GiB: take another one");
    const std::uint64_t end = address + size;
    if (end > end_)
        throw Failure(
            ExitCode::Failure,
            fmt::format("{} needs memory up to {}, the VM has {} there", what, byte_size(end), byte_size(end_)),
            remedy_by_memory(end + beside_));
    if (const Area *other = overlapping(address, end))
        throw Failure(ExitCode::Failure,
                      fmt::format("{} ({:#x} to {:#x}) and {} ({:#x} to {:#x}) overlap", what, address, end,
                                  other->what, other->begin, other->end),
                      "take a kernel that is linked to other addresses");
    areas_.push_back({address, end, std::string(what)});
    fixed_end_ = std::max(fixed_end_, end);
}

std::optional<std::uint64_t> MemoryPlan::claim_above(std::string_view what, std::uint64_t from, std::uint64_t size) {
    const auto whole_page = [](std::uint64_t address) { return (address + page - 1) / page * page; };
    std::uint64_t begin = whole_page(std::min(from, end_));
    while (begin <= end_ && size <= end_ - begin) {
        const Area *other = overlapping(begin, begin + size);
        if (!other) {
            areas_.push_back({begin, begin + size, std::string(what)});
            return begin;
        }
        begin = whole_page(other->end);
    }
    return std::nullopt;
}

std::optional<std::uint64_t> MemoryPlan::claim_below(std::string_view what, std::uint64_t from, std::uint64_t limit,
                                                     std::uint64_t size) {
    std::uint64_t end = std::min(limit, end_);
    while (from <= end && size <= end - from) {
        const std::uint64_t begin = (end - size) / page * page;
        const Area *other = overlapping(begin, begin + size);
        if (!other && begin >= from) {
            areas_.push_back({begin, begin + size, std::string(what)});
            return begin;
        }
        end = other ? other->begin : begin;
    }
    return std::nullopt;
}

void MemoryPlan::fill(std::uint64_t address, Bytes bytes) {
    const auto holds = [&](const Area &area) {
        return area.begin <= address && address <= area.end && bytes.size() <= area.end - address;
    };
    if (std::ranges::none_of(areas_, holds))
        throw std::logic_error("memory is filled that nobody claimed");
    if (!bytes.empty())
        segments_.push_back({address, std::move(bytes)});
}

std::vector<Segment> MemoryPlan::take() {
    std::ranges::sort(segments_, {}, &Segment::address);
    return std::move(segments_);
}

std::string remedy_by_memory(std::uint64_t low_ram_end) {
    if (low_ram_end > layout::low_ram_limit)
        return "no memory would do: take smaller files";
    return fmt::format("give the VM at least {} MiB", (low_ram_end + mib - 1) / mib);
}

} // namespace console
