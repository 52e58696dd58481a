// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "console/base/failure.hpp"
#include "console/vm/options/vm_options.hpp"

namespace console {

// The VMs that files in a folder describe, in the order in which they start.
struct GuestFolder {
    struct Guest {
        std::string file;
        VmOptions options;
    };
    struct Bad {
        std::string file;
        Failure failure;
    };
    std::vector<Guest> guests;
    std::vector<Bad> bad; // files that say nothing sensible

    // Every *.vm there. No folder is an empty one.
    static GuestFolder read(const std::filesystem::path &folder);
};

} // namespace console
