// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "console/boot/byte_writer.hpp"

namespace console {

// The whole of a file, and how messages call it.
struct BootFile {
    std::string name;
    Bytes bytes;
};

// A file beside the kernel, with the words that multiboot and PVH kernels get to see with it.
struct BootModule {
    BootFile file;
    std::string text;
};

struct BootRequest {
    BootFile kernel;
    std::optional<BootFile> initrd; // PVH and multiboot: the first module
    std::vector<BootModule> modules;
    std::string command_line;
    std::uint64_t memory = 0; // bytes
    unsigned vcpus = 1;
};

// Reads a file for a VM that has so much memory; a larger one is refused before it is read.
BootFile read_boot_file(const std::filesystem::path &path, std::uint64_t memory);

} // namespace console
