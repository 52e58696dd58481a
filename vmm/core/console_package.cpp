// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/core/console_package.hpp"

#include <new>

namespace vmm {

Result<> ConsolePackage::begin(const vmnix_package &header, FramePool &frames, PieceMap &pieces) {
    VMM_ASSERT(!exists());
    table_ = new (frames.table(TRY(frames.allocate()))) Table{};
    header_ = header;
    written_ = 0;
    checksum_ = VMNIX_CHECKSUM_BEGIN;
    for (std::uint64_t i = 0; i < pieces_needed(header); i++) {
        const auto piece = pieces.find(Owner::Free);
        VMM_ASSERT(piece); // the caller has counted them
        pieces.move(*piece, Owner::Free, Owner::Package);
        (*table_)[i] = *piece;
    }
    return {};
}

Result<> ConsolePackage::append(std::uint64_t offset, const std::byte *page) {
    if (!exists() || offset != written_ || written_ == header_.bytes)
        return Errc::Invalid;
    std::byte *to = bytes(offset);
    __builtin_memcpy(to, page, kPageSize); // summed up from the copy: the console may change its page meanwhile
    checksum_ = vmnix_checksum(checksum_, to, kPageSize);
    written_ += kPageSize;
    return {};
}

void ConsolePackage::release(FramePool &frames, PieceMap &pieces) {
    if (!exists())
        return;
    for (std::uint64_t i = 0; i < pieces_needed(header_); i++)
        pieces.move((*table_)[i], Owner::Package, Owner::Dirty);
    frames.release(physical_of(table_));
    table_ = nullptr;
}

} // namespace vmm
