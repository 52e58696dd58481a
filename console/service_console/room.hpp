// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "console/device/vmm_device.hpp"
#include "console/service_console/firmware_map.hpp"

namespace console {

struct RoomWish {
    std::uint64_t from;      // the lowest place
    std::uint64_t below;     // all of it lies below
    std::uint64_t bytes;     // a multiple of VMNIX_PIECE_SIZE
    std::uint64_t alignment; // of its begin, a power of two
    bool movable;            // or `from` is the only place
};

// The lowest place that is RAM and nobody's but the console's.
std::optional<std::uint64_t> find_room(const RoomWish &wish, std::span<const FirmwareRange> map,
                                       std::span<const MemoryPiece> taken);

} // namespace console
