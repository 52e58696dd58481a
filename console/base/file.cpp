// SPDX-License-Identifier: GPL-2.0-only
#include "console/base/file.hpp"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

#include "console/base/unique_fd.hpp"

namespace console {

std::optional<std::string> read_file(const std::filesystem::path &path) {
    const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file)
        return std::nullopt;
    std::string text;
    char chunk[4096];
    for (;;) {
        const ssize_t got = ::read(file.get(), chunk, sizeof chunk);
        if (got == 0)
            return text;
        if (got < 0 && errno != EINTR)
            return std::nullopt;
        if (got > 0)
            text.append(chunk, static_cast<std::size_t>(got));
    }
}

} // namespace console
