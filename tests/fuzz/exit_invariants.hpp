// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "tests/unit/fakes/rig.hpp"

namespace vmm::test {

[[noreturn]] void fail(const char *what);

// What must hold of the machine below, whatever the guest did. Ends the process when it does not.
void check_machine(Rig &rig);

} // namespace vmm::test
