// SPDX-License-Identifier: GPL-2.0-only
#include "console/dmesg/log_text.hpp"

#include <fmt/format.h>
#include <utility>

namespace console {

std::string printable(std::string_view text) {
    std::string result;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool harmless = (byte >= 0x20 && byte < 0x7f) || c == '\n' || c == '\t';
        if (!harmless)
            result += fmt::format("\\x{:02x}", byte);
        else
            result += c;
    }
    return result;
}

std::vector<std::string> LineSplitter::feed(std::string_view piece) {
    std::vector<std::string> lines;
    for (std::size_t end; (end = piece.find('\n')) != piece.npos; piece.remove_prefix(end + 1)) {
        pending_.append(piece.substr(0, end));
        lines.push_back(std::exchange(pending_, {}));
    }
    pending_.append(piece);
    return lines;
}

std::string LineSplitter::rest() {
    return std::exchange(pending_, {});
}

} // namespace console
