// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/core/package_rules.hpp"

namespace vmm {
namespace {

constexpr std::uint64_t kFourGigabytes = 1ull << 32;

constexpr bool is_aligned(std::uint64_t value, std::uint64_t unit) {
    return value % unit == 0;
}

// Written so that neither an address below `begin` nor a sum that wraps answers yes.
constexpr bool is_within(std::uint64_t begin, std::uint64_t size, std::uint64_t at, std::uint64_t bytes) {
    return at >= begin && bytes <= size && at - begin <= size - bytes;
}

bool has_sound_figures(const vmnix_package &p) {
    return p.size >= sizeof(p) && p.segment_count >= 1 && p.segment_count <= VMNIX_PACKAGE_SEGMENTS && p.bytes != 0 &&
           p.bytes <= VMNIX_PACKAGE_MOST && is_aligned(p.bytes, kPageSize) &&
           is_aligned(p.room_base | p.room_bytes, PieceMap::kSize) && p.room_base >= VMNIX_LOW_MEMORY &&
           p.room_base < kFourGigabytes && p.room_bytes <= kFourGigabytes - p.room_base &&
           is_aligned(p.map_at, kPageSize) && p.map_bytes >= kPageSize && p.map_bytes <= 16 * kPageSize &&
           p.text[sizeof(p.text) - 1] == 0;
}

// In the room, or in low memory, which is never given away.
Result<> check_target(const vmnix_package &p, const ConsoleRam &ram, std::uint64_t at, std::uint64_t bytes) {
    if (!is_aligned(at, kPageSize) || bytes == 0)
        return Errc::Invalid;
    if (is_within(p.room_base, p.room_bytes, at, bytes))
        return {};
    if (!is_within(0, VMNIX_LOW_MEMORY, at, bytes))
        return Errc::Invalid;
    for (std::uint64_t page = at; page < at + bytes; page += kPageSize)
        if (!ram.at(Gpa(page)))
            return Errc::NotPresent;
    return {};
}

} // namespace

Result<> check_package(const vmnix_package &p, const ConsoleRam &ram) {
    if (!has_sound_figures(p))
        return Errc::Invalid;
    std::uint64_t offset = 0;
    for (unsigned i = 0; i < p.segment_count; i++) {
        const vmnix_package_segment &s = p.segment[i];
        if (s.offset != offset || s.bytes > p.bytes - offset)
            return Errc::Invalid;
        TRY(check_target(p, ram, s.to, s.bytes));
        offset += align_up(s.bytes, kPageSize);
    }
    if (offset != p.bytes)
        return Errc::Invalid;
    TRY(check_target(p, ram, p.map_at, p.map_bytes));
    for (std::uint64_t at = p.room_base; at < p.room_base + p.room_bytes; at += PieceMap::kSize)
        if (ram.pieces().at(at) != Owner::Console)
            return Errc::Exists;
    return {};
}

} // namespace vmm
