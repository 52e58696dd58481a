// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>

namespace console {

// vmkmod.ko as it is installed for the kernel that runs.
class ModuleFile {
  public:
    // Looks below /lib/modules/<release>; nothing if it is not there.
    static std::optional<ModuleFile> find(const std::filesystem::path &root, const std::string &release);

    explicit ModuleFile(std::filesystem::path path);
    const std::filesystem::path &path() const { return path_; }
    bool is_readable() const { return readable_; } // not compressed, and open to this user
    bool is_signed() const;
    // The module holds the SHA-256 of the one image that it takes; a string of 32 bytes does not occur by chance.
    bool contains(std::span<const std::uint8_t> bytes) const;

  private:
    std::filesystem::path path_;
    std::string content_;
    bool readable_;
};

} // namespace console
