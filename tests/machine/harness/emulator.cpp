// SPDX-License-Identifier: GPL-2.0-only
#include "tests/machine/harness/emulator.hpp"

#include "tests/machine/harness/bochs.hpp"
#include "tests/machine/harness/qemu.hpp"

namespace harness {

std::unique_ptr<Emulator> Emulator::start(const Description &description, const std::string &title,
                                          const std::filesystem::path &folder) {
    if (!description.bochs.empty())
        return std::make_unique<Bochs>(description, title, folder);
    return std::make_unique<Qemu>(description, title, folder);
}

} // namespace harness
