// SPDX-License-Identifier: GPL-2.0-only
#include "console/boot/boot_request.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "console/base/failure.hpp"
#include "console/base/unique_fd.hpp"
#include "console/text/units.hpp"

namespace console {

namespace {

[[noreturn]] void refuse(const std::string &name, const char *why, std::string remedy = {}) {
    throw Failure(ExitCode::Failure, fmt::format("cannot read {}: {}", name, why), std::move(remedy));
}

std::uint64_t size_of(int file, const std::string &name) {
    struct stat status {};
    if (::fstat(file, &status) != 0)
        refuse(name, std::strerror(errno));
    if (!S_ISREG(status.st_mode)) // a device or a pipe may never end
        refuse(name, "it is not a regular file", "copy it to a file first");
    return static_cast<std::uint64_t>(status.st_size);
}

Bytes read_all(int file, std::size_t size, const std::string &name) {
    Bytes bytes(size);
    std::size_t done = 0;
    while (done < size) {
        const ssize_t got = ::read(file, bytes.data() + done, size - done);
        if (got == 0)
            refuse(name, "it became shorter meanwhile", "try again when nobody writes it");
        if (got < 0 && errno != EINTR)
            refuse(name, std::strerror(errno));
        if (got > 0)
            done += static_cast<std::size_t>(got);
    }
    return bytes;
}

} // namespace

BootFile read_boot_file(const std::filesystem::path &path, std::uint64_t memory) {
    std::string name = path.string();
    const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)); // a pipe must not hold us here
    if (!file)
        refuse(name, std::strerror(errno));
    const std::uint64_t size = size_of(file.get(), name);
    if (size > memory)
        throw Failure(ExitCode::Failure,
                      fmt::format("{} has {}, the VM's memory only {}", name, byte_size(size), byte_size(memory)),
                      "give the VM more memory, or another file");
    Bytes bytes = read_all(file.get(), size, name);
    return {std::move(name), std::move(bytes)};
}

} // namespace console
