// SPDX-License-Identifier: GPL-2.0-only
// What the handlers link to outside of their folder, for tests without a launch.
#include "tests/unit/fakes/globals.hpp"

#include "vmm/core/launch.hpp"
#include "vmm/core/vmm.hpp"

namespace vmm {

constinit Vmm g_vmm;

bool agree_to_leave(Cpu &) {
    return test::g_others_leave;
}

} // namespace vmm
