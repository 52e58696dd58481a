// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstdint>
#include <vector>

#include "console/boot/boot_request.hpp"
#include "console/boot/vcpu_state.hpp"

namespace console {

struct Segment {
    std::uint64_t address; // guest-physical
    Bytes bytes;
};

enum class BootProtocol { Linux, Pvh, Multiboot };

// All that a VM begins with. RAM that no segment covers must be zero: kernels count on it for what follows their files.
struct BootImage {
    BootProtocol protocol;
    std::vector<Segment> segments; // sorted, without overlap
    VcpuState entry;
};

// Tells the protocol by the kernel's content. Failure, if it is none of ours or does not fit.
BootImage prepare_boot(BootRequest request);

} // namespace console
