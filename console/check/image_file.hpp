// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "vmnix/elf.h"

namespace console {

using Sha256 = std::array<std::uint8_t, 32>;

// The VMM's image as it is installed, checked with the module's own parser.
struct ImageFile {
    enum class State { Checked, Unreadable, Compressed };
    State state = State::Checked;
    vmnix_image_error error = VMNIX_BAD_ABSENT; // when Checked
    std::string version;                        // when Checked and without error
    std::optional<Sha256> digest;

    static ImageFile look(const std::filesystem::path &root);
};

} // namespace console
