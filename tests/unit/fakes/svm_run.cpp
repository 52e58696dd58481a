// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/fakes/svm_run.hpp"

extern "C" void svm_run(vmm::Cpu *cpu) {
    vmm::test::g_guest(*cpu);
}
