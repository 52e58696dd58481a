// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>

#include "console/boot/boot_request.hpp"
#include "console/service_console/room.hpp"
#include "vmnix/abi/hypercall/console.h"

namespace console {

// What a service console is restarted from, as a user says it.
struct PackageWish {
    std::optional<std::string> kernel, initrd, append;

    bool given() const { return kernel || initrd || append; }
};

struct Package {
    vmnix_package header;
    Bytes bytes;
    std::string release; // of the kernel; empty, if its file does not tell
};

// By default the running kernel, its initial RAM disk and command line, read below `root`. Failure says what is
// missing.
Package build_package(const std::filesystem::path &root, const PackageWish &wish, std::span<const MemoryPiece> taken);

} // namespace console
