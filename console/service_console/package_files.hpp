// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "console/service_console/package.hpp"

namespace console {

struct PackageFiles {
    BootFile kernel;
    std::optional<BootFile> initrd;
    std::string command_line;
};

// A kernel without an initrd of its name beside it is started without one; one that was named must be there.
PackageFiles read_package_files(const std::filesystem::path &root, const PackageWish &wish);

// For people: release, sizes, the first digits of SHA-256.
std::string package_text(const PackageFiles &files, const std::string &release);

} // namespace console
