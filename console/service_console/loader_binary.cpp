// SPDX-License-Identifier: GPL-2.0-only
#include "console/service_console/loader_binary.hpp"

extern "C" const std::byte vmnix_loader_begin[], vmnix_loader_end[]; // console/loader/embedded.S

namespace console {

std::span<const std::byte> loader_binary() {
    return {vmnix_loader_begin, vmnix_loader_end};
}

} // namespace console
