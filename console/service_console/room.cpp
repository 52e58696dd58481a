// SPDX-License-Identifier: GPL-2.0-only
#include "console/service_console/room.hpp"

#include <algorithm>

namespace console {

namespace {

std::uint64_t round_up(std::uint64_t value, std::uint64_t alignment) {
    return (value + alignment - 1) / alignment * alignment;
}

const MemoryPiece *overlapping(std::span<const MemoryPiece> taken, std::uint64_t begin, std::uint64_t end) {
    const auto found = std::ranges::find_if(
        taken, [=](const MemoryPiece &piece) { return begin < piece.base + piece.size && piece.base < end; });
    return found == taken.end() ? nullptr : &*found;
}

} // namespace

std::optional<std::uint64_t> find_room(const RoomWish &wish, std::span<const FirmwareRange> map,
                                       std::span<const MemoryPiece> taken) {
    for (const FirmwareRange &range : map) {
        if (!range.ram())
            continue;
        const std::uint64_t limit = std::min(range.end(), wish.below);
        std::uint64_t begin = round_up(std::max(range.base, wish.from), wish.alignment);
        while (begin < limit && wish.bytes <= limit - begin) {
            if (!wish.movable && begin != wish.from)
                break;
            const MemoryPiece *piece = overlapping(taken, begin, begin + wish.bytes);
            if (!piece)
                return begin;
            begin = round_up(piece->base + piece->size, wish.alignment);
        }
    }
    return std::nullopt;
}

} // namespace console
