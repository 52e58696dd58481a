// SPDX-License-Identifier: GPL-2.0-only
// The first code of a restarted console: tells Linux which memory is taken. entry.S calls it and enters the kernel.
#include "console/loader/reserve.hpp"

namespace {

constexpr uint32_t setup_data_at = 0x250;
constexpr uint32_t code32_start_at = 0x214;

template <class T> T *at(uint32_t physical) {
    return reinterpret_cast<T *>(physical); // flat segments, no paging
}

} // namespace

// Gives the kernel's entry. Without a list there is no telling what is free: 0, and entry.S ends this console, as
// neither memory nor a register says how to go on.
extern "C" uint32_t loader_main(uint32_t boot_params, uint32_t map_at, uint32_t nodes_at) {
    auto *map = at<vmnix_boot_map>(map_at);
    if (map->magic != VMNIX_BOOT_MAP_MAGIC)
        return 0;
    const auto *zero_page = at<const unsigned char>(boot_params);
    auto *nodes = at<loader::SetupNode>(nodes_at);
    const uint32_t count = loader::join(map->range, map->count, loader::most_nodes);
    const uint32_t written = loader::write_nodes(nodes, nodes_at, map->range, count, loader::end_of_ram(zero_page));
    *at<uint64_t>(boot_params + setup_data_at) = written > 0 ? nodes_at : 0;
    return *at<const uint32_t>(boot_params + code32_start_at);
}
