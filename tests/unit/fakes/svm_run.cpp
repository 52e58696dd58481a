// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/fakes/svm_run.hpp"

extern "C" void svm_run(vmm::World *world) {
    vmm::test::g_guest(*world->cpu);
}
