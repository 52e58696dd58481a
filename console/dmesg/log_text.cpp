// SPDX-License-Identifier: GPL-2.0-only
#include "console/dmesg/log_text.hpp"

#include <charconv>
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

LogLine LogLine::parse(std::string_view line) {
    const std::size_t end = line.find("] ");
    double seconds = 0;
    if (!line.starts_with('[') || end == line.npos)
        return {std::nullopt, std::string(line)};
    const auto [stop, error] = std::from_chars(line.data() + 1, line.data() + end, seconds);
    if (error != std::errc() || stop != line.data() + end)
        return {std::nullopt, std::string(line)};
    return {seconds, std::string(line.substr(end + 2))};
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
