// SPDX-License-Identifier: GPL-2.0-only
// Loading and unloading with the exact error number, and images that are not as they should be.
#include "tests/machine/tools/probe.hpp"
#include "vmnix/abi/handover/image.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace probe {
namespace {

int told(long result) {
    if (result == 0)
        return kAsExpected;
    std::printf("%d %s\n", errno, std::strerror(errno));
    return kNotAsExpected;
}

// insmod FILE [PARAMETER...]: prints the error number.
int insmod(Arguments arguments) {
    File file(arguments.empty() ? "" : arguments[0], O_RDONLY);
    if (!file)
        return kLacking;
    std::string parameters;
    for (std::size_t i = 1; i < arguments.size(); ++i)
        parameters += std::string(arguments[i]) + " ";
    return told(syscall(SYS_finit_module, static_cast<int>(file), parameters.c_str(), 0));
}

// rmmod NAME [force]
int rmmod(Arguments arguments) {
    if (arguments.empty())
        return kWrongCall;
    const int force = arguments.size() > 1 ? O_TRUNC : 0;
    return told(syscall(SYS_delete_module, arguments[0], O_NONBLOCK | force));
}

bool read_all(const char *path, std::vector<unsigned char> &bytes) {
    File file(path, O_RDONLY);
    struct stat status {};
    if (!file || fstat(file, &status) != 0)
        return false;
    bytes.resize(static_cast<std::size_t>(status.st_size));
    return read(file, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size());
}

// Where the image's header lies in the file.
std::size_t find_header(const std::vector<unsigned char> &bytes) {
    const std::uint64_t magic = VMNIX_IMAGE_MAGIC;
    for (std::size_t at = 0; at + sizeof(vmnix_image_header) <= bytes.size(); at += 8)
        if (std::memcmp(bytes.data() + at, &magic, sizeof magic) == 0)
            return at;
    return bytes.size();
}

// spoil IN OUT cut|bit|abi|magic|empty
int spoil(Arguments arguments) {
    std::vector<unsigned char> bytes;
    if (arguments.size() != 3 || !read_all(arguments[0], bytes))
        return kLacking;
    const std::string_view how = arguments[2];
    const std::size_t header = find_header(bytes);
    if (header == bytes.size())
        return kLacking;
    if (how == "cut")
        bytes.resize(bytes.size() / 2);
    else if (how == "bit")
        bytes[header + sizeof(vmnix_image_header) + 1001] ^= 0x10;
    else if (how == "abi")
        bytes[header + offsetof(vmnix_image_header, handover_abi)] += 1;
    else if (how == "magic")
        bytes[header] ^= 1;
    else if (how == "empty")
        bytes.clear();
    else
        return kWrongCall;
    File out(arguments[1], O_WRONLY | O_CREAT | O_TRUNC);
    return out && write(out, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()) ? kAsExpected : kLacking;
}

constexpr Command kCommands[] = {
    {"insmod", "FILE [PARAMETER...]: prints the error number", insmod},
    {"rmmod", "NAME [force]: prints the error number", rmmod},
    {"spoil", "IMAGE OUT cut|bit|abi|magic|empty", spoil},
};

} // namespace

std::span<const Command> module_commands() {
    return kCommands;
}

} // namespace probe
