// SPDX-License-Identifier: GPL-2.0-only
// What the handlers link to outside of their folder, for tests without a launch.
#include "tests/unit/fakes/globals.hpp"

#include "vmm/core/launch.hpp"
#include "vmm/core/traps.hpp"
#include "vmm/core/vmm.hpp"

namespace vmm {

constinit Vmm g_vmm;

bool agree_to_leave(Cpu &) {
    return test::g_others_leave;
}

void stop_for_panic() {
    panic("stopped for another CPU's panic", __FILE__, __LINE__);
}

} // namespace vmm

extern "C" const vmnix_image_header vmm_header{
    .magic = VMNIX_IMAGE_MAGIC, .version = "9.9-test", .build_id = {0xb1, 0x1d}};
