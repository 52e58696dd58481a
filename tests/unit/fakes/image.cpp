// SPDX-License-Identifier: GPL-2.0-only
// What the image has in assembly or in traps.cpp: its header, and no interrupt entries.
#include "vmm/core/traps.hpp"
#include "vmm/core/vmm.hpp"

extern "C" const vmnix_image_header vmm_header{
    .magic = VMNIX_IMAGE_MAGIC, .version = "9.9-test", .build_id = {0xb1, 0x1d}};

namespace vmm {

void fill_idt(std::array<x86::Gate, 256> &) {}
std::uint64_t stub_address(unsigned vector) {
    return kImageVa + 0x1000 + vector * 16;
}

void stop_for_panic() {
    panic("stopped for another CPU's panic", __FILE__, __LINE__);
}

} // namespace vmm
