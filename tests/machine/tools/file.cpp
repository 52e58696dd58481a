// SPDX-License-Identifier: GPL-2.0-only
// Reading files that are too large or too odd for the shell's programs.
#include "tests/machine/tools/probe.hpp"

#include <algorithm>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace probe {
namespace {

constexpr std::size_t kPiece = 1 << 20;

std::uint64_t occurrences(const char *begin, std::size_t size, std::string_view text) {
    std::uint64_t count = 0;
    const char *end = begin + size;
    while (auto *at = static_cast<const char *>(
               memmem(begin, static_cast<std::size_t>(end - begin), text.data(), text.size()))) {
        ++count;
        begin = at + 1;
    }
    return count;
}

// search FILE TEXT: reads all of it; prints its bytes and how often it holds the text.
int search(Arguments arguments) {
    if (arguments.size() != 2)
        return kWrongCall;
    File file(arguments[0], O_RDONLY);
    const std::string_view text = arguments[1];
    std::vector<char> buffer(kPiece + text.size());
    std::uint64_t bytes = 0, found = 0;
    std::size_t kept = 0; // the end of the piece before, for what lies across
    for (;;) {
        const ssize_t got = read(file, buffer.data() + kept, kPiece);
        if (got < 0)
            return kLacking;
        if (got == 0)
            break;
        const std::size_t size = kept + static_cast<std::size_t>(got);
        bytes += static_cast<std::uint64_t>(got);
        found += occurrences(buffer.data(), size, text);
        kept = std::min(size, text.size() - 1);
        std::memmove(buffer.data(), buffer.data() + size - kept, kept);
    }
    std::printf("%lu %lu\n", bytes, found);
    return found ? kAsExpected : kNotAsExpected;
}

constexpr Command kCommands[] = {
    {"search", "FILE TEXT: bytes that can be read, and how often the text is in them", search},
};

} // namespace

std::span<const Command> file_commands() {
    return kCommands;
}

} // namespace probe
