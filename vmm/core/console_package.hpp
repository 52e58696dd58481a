// SPDX-License-Identifier: GPL-2.0-only
// What a console is restarted from: bytes in pieces of the VMM's own, and where they go. hypercall/console.h.
#pragma once

#include "vmm/core/frame_pool.hpp"
#include "vmnix/abi/hypercall/console.h"

#include <array>

namespace vmm {

class ConsolePackage {
  public:
    bool exists() const { return table_ != nullptr; }
    bool is_complete() const { return exists() && written_ == header_.bytes && checksum_ == header_.checksum; }
    const vmnix_package &header() const { return header_; }

    // Whether the piece is in the room that stays the console's.
    bool keeps(Hpa piece) const { return exists() && piece.raw() - header_.room_base < header_.room_bytes; }

    static std::uint64_t pieces_needed(const vmnix_package &header) {
        return align_up(header.bytes, PieceMap::kSize) / PieceMap::kSize;
    }
    // Takes free pieces, of which there are enough, and one frame. NoMemory: no frame.
    Result<> begin(const vmnix_package &header, FramePool &frames, PieceMap &pieces);
    // The next page. Invalid: not at this offset, or all are there.
    Result<> append(std::uint64_t offset, const std::byte *page);
    // Its pieces are dirty then.
    void release(FramePool &frames, PieceMap &pieces);

    // The page at this offset; the offset is one that was written.
    const std::byte *page(std::uint64_t offset) const { return bytes(offset); }

  private:
    static constexpr std::size_t kMostPieces = VMNIX_PACKAGE_MOST / PieceMap::kSize;
    using Table = std::array<Hpa, kMostPieces>;
    static_assert(sizeof(Table) <= kPageSize);

    std::byte *bytes(std::uint64_t offset) const {
        return at_physical<std::byte>((*table_)[offset / PieceMap::kSize] + offset % PieceMap::kSize);
    }

    vmnix_package header_{};
    Table *table_ = nullptr; // in a frame of its own
    std::uint64_t written_ = 0, checksum_ = VMNIX_CHECKSUM_BEGIN;
};

// The one that is registered, and one that is on its way to take its place.
struct ConsolePackages {
    ConsolePackage registered, begun;
    bool keep(Hpa piece) const { return registered.keeps(piece) || begun.keeps(piece); }
};

} // namespace vmm
