// SPDX-License-Identifier: GPL-2.0-only
// A VM's vCPU that waits for a spin lock: HLT with IF=0, which another vCPU ends by a kick.
#include "tests/unit/fakes/vm_host_fixture.hpp"
#include "vmm/core/schedule.hpp"
#include "vmm/vm/entry.hpp"

namespace vmm::test {
namespace {

class VmHalt : public VmHostFixture {
  protected:
    VmHalt() : VmHostFixture({.cpus = 1, .spare_pieces = 16}) {
        supply(12);
        Vm &vm = make(config("vm", 2));
        expect_error(start(vm.id), 0);
        world_ = vm.world_list[1];
        world_->vcpu_state = VMNIX_VCPU_RUNNING;
    }
    World &world() { return *world_; }

  private:
    World *world_;
};

// Preempted between its last look at the lock and its HLT, a vCPU begins a turn with the kick that it needs there.
TEST_F(VmHalt, KickBeforeTheHaltIsKept) {
    world().kicked = true;
    EXPECT_TRUE(end_halt(world()));
    EXPECT_TRUE(world().kicked);
    EXPECT_TRUE(has_cause(world()));
}

TEST_F(VmHalt, KickEndsOneHalt) {
    world().halted = true;
    EXPECT_FALSE(end_halt(world()));
    EXPECT_TRUE(world().halted);
    world().kicked = true;
    EXPECT_TRUE(end_halt(world()));
    EXPECT_FALSE(world().halted || world().kicked);
    world().halted = true;
    EXPECT_FALSE(end_halt(world()));
}

TEST_F(VmHalt, NmiEndsItToo) {
    world().halted = true;
    world().guest_nmis = 1;
    EXPECT_TRUE(end_halt(world()));
    EXPECT_FALSE(world().halted);
}

} // namespace
} // namespace vmm::test
