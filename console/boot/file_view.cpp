// SPDX-License-Identifier: GPL-2.0-only
#include "console/boot/file_view.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

#include "console/base/failure.hpp"

namespace console {

std::span<const std::byte> FileView::slice(std::uint64_t offset, std::uint64_t size) const {
    if (offset > bytes_.size() || size > bytes_.size() - offset)
        refuse(fmt::format("it is cut short or damaged: bytes {:#x} to {:#x} are needed, it has {:#x}", offset,
                           offset + size, bytes_.size()),
               "get the file again");
    return bytes_.subspan(offset, size);
}

bool FileView::has(std::string_view text, std::uint64_t offset) const {
    if (offset > bytes_.size() || text.size() > bytes_.size() - offset)
        return false;
    return std::ranges::equal(std::as_bytes(std::span(text)), bytes_.subspan(offset, text.size()));
}

void FileView::refuse(const std::string &cause, std::string remedy) const {
    throw Failure(ExitCode::Failure, fmt::format("{}: {}", name_, cause), std::move(remedy));
}

} // namespace console
