// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/fakes/vmx_run.hpp"

#include "tests/unit/fakes/svm_run.hpp"

namespace vmm::vmx {
extern "C" void vmx_begin(World &world, std::uint64_t host_rsp);
}

extern "C" const std::byte vmx_exited[1] = {};

extern "C" void vmx_run(vmm::World *world) {
    vmm::vmx::vmx_begin(*world, vmm::test::kHostRsp);
    vmm::test::g_guest(*world->cpu);
}

extern "C" [[noreturn]] void vmx_leave(const vmm::test::Left *to) {
    throw *to;
}
