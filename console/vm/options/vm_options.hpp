// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "console/vm/options/uuid.hpp"
#include "vmnix/abi/hypercall/vm.h"

namespace console {

inline constexpr std::uint32_t default_shares = 1000;

// What a user says about a VM. Paths are absolute.
struct VmOptions {
    struct Module {
        std::string file;
        std::string text; // with which the kernel gets to see it
    };

    std::string name;
    std::string kernel;
    std::string initrd;
    std::string append; // the kernel's command line
    std::vector<Module> modules;
    std::uint64_t memory = 256ull << 20; // bytes, as asked for
    std::uint32_t vcpus = 1;
    vmnix_vm_share share{default_shares, 0, 0, 0, {}};
    std::optional<Uuid> uuid;
    bool remove = false; // when it has ended

    // Only for the service.
    bool autostart = false;
    std::uint32_t order = 100;

    std::uint64_t rounded_memory() const { // to pieces in which it is given out
        return (memory + VMNIX_PIECE_SIZE - 1) / VMNIX_PIECE_SIZE * VMNIX_PIECE_SIZE;
    }
};

} // namespace console
