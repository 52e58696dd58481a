// SPDX-License-Identifier: GPL-2.0-only
#include "console/vm/start/uncovered_ram.hpp"

#include <algorithm>

namespace console {

namespace {

void add_gaps(std::vector<RamRange> &gaps, const std::vector<RamRange> &parts, std::uint64_t begin, std::uint64_t end) {
    for (const RamRange &part : parts) {
        if (part.base > begin && begin < end)
            gaps.push_back({begin, std::min(part.base, end) - begin});
        begin = std::max(begin, part.base + part.size);
    }
    if (begin < end)
        gaps.push_back({begin, end - begin});
}

} // namespace

std::vector<RamRange> uncovered_ram(const VmImage &image, std::uint64_t memory) {
    std::vector<RamRange> parts, gaps;
    for (const VmImage::Part &part : image.parts)
        parts.push_back({part.to, part.bytes.size()});
    std::sort(parts.begin(), parts.end(), [](const RamRange &a, const RamRange &b) { return a.base < b.base; });
    const std::uint64_t low = std::min<std::uint64_t>(memory, VMNIX_VM_LOW_RAM);
    add_gaps(gaps, parts, 0, low);
    add_gaps(gaps, parts, VMNIX_VM_HIGH_RAM, VMNIX_VM_HIGH_RAM + memory - low);
    return gaps;
}

} // namespace console
