// SPDX-License-Identifier: GPL-2.0-only
// A VM's life: which order makes sense in which state, and what it leaves.
#include "vmm/core/vm_life.hpp"

#include "tests/unit/fakes/vm_host_fixture.hpp"
#include "vmm/core/interrupts.hpp"
#include "vmm/core/schedule.hpp"
#include "vmm/core/vm_machine.hpp"

namespace vmm::test {
namespace {

constexpr vmnix_vm_order kOrders[] = {VMNIX_VM_PAUSE, VMNIX_VM_RESUME, VMNIX_VM_POWER_BUTTON,
                                      VMNIX_VM_KILL,  VMNIX_VM_RESET,  VMNIX_VM_REMOVE};

class VmOrders : public VmHostFixture {
  protected:
    VmOrders() : VmHostFixture({.cpus = 2, .spare_pieces = 16}) { supply(12); }
    // A VM in each state.
    Vm &in(vmnix_vm_state state, std::string_view name = "vm") {
        Vm &vm = make(config(name, 2));
        if (state != VMNIX_VM_STATE_CREATED)
            (void)start(vm.id);
        if (state == VMNIX_VM_STATE_PAUSED)
            (void)order(vm.id, VMNIX_VM_PAUSE);
        if (state == VMNIX_VM_STATE_ENDED)
            (void)order(vm.id, VMNIX_VM_KILL);
        EXPECT_EQ(vm.state, state);
        return vm;
    }
    bool exists(std::uint64_t id) { return g_vmm.vms.unguarded().find(id) != nullptr; }
};

// Rows: order; columns: the state before. A state is what it is in afterwards, 0: Busy and as it was, ~0: gone.
TEST_F(VmOrders, StatesAndOrders) {
    constexpr unsigned kGone = ~0u, kCreated = VMNIX_VM_STATE_CREATED, kRunning = VMNIX_VM_STATE_RUNNING,
                       kPaused = VMNIX_VM_STATE_PAUSED, kEnded = VMNIX_VM_STATE_ENDED;
    constexpr vmnix_vm_state kStates[] = {VMNIX_VM_STATE_CREATED, VMNIX_VM_STATE_RUNNING, VMNIX_VM_STATE_PAUSED,
                                          VMNIX_VM_STATE_ENDED};
    constexpr unsigned kAfter[6][4] = {
        {0, kPaused, 0, 0},                // pause
        {0, 0, kRunning, 0},               // resume
        {0, kRunning, 0, 0},               // power button
        {kEnded, kEnded, kEnded, 0},       // kill
        {0, kCreated, kCreated, kCreated}, // reset
        {kGone, 0, 0, kGone},              // remove
    };
    unsigned n = 0;
    for (unsigned o = 0; o < 6; o++)
        for (unsigned s = 0; s < 4; s++) {
            Vm &vm = in(kStates[s], "vm" + std::to_string(n++));
            const std::uint64_t id = vm.id;
            const unsigned after = kAfter[o][s];
            SCOPED_TRACE("order " + std::to_string(kOrders[o]) + " in state " + std::to_string(kStates[s]));
            expect_error(order(id, kOrders[o]), after == 0 ? VMNIX_HC_EBUSY : 0);
            ASSERT_EQ(exists(id), after != kGone);
            if (after == kGone)
                continue;
            EXPECT_EQ(vm.state, after == 0 ? static_cast<unsigned>(kStates[s]) : after);
            (void)order(id, VMNIX_VM_KILL);
            EXPECT_EQ(order(id, VMNIX_VM_REMOVE).error, 0u);
            while (call(VMNIX_HC_SCRUB).rdi != 0)
                ;
        }
    EXPECT_EQ(g_vmm.vm_count, 0u);
}

TEST_F(VmOrders, UnknownOrders) {
    for (vmnix_vm_state state : {VMNIX_VM_STATE_CREATED, VMNIX_VM_STATE_RUNNING, VMNIX_VM_STATE_ENDED}) {
        const Vm &vm = in(state, "vm" + std::to_string(state));
        for (std::uint64_t order : {0ull, 7ull, 0xffull, 1ull << 32 | VMNIX_VM_KILL, ~0ull})
            expect_error(call(VMNIX_HC_VM_ORDER, vm.id, order), VMNIX_HC_EINVAL);
        EXPECT_EQ(vm.state, state);
    }
}

TEST_F(VmOrders, KilledIsListed) {
    const Vm &vm = in(VMNIX_VM_STATE_RUNNING);
    ASSERT_EQ(order(vm.id, VMNIX_VM_KILL).error, 0u);
    EXPECT_EQ(info(vm.id).ending, unsigned{VMNIX_VM_KILLED});
    EXPECT_GT(info(vm.id).ended_tsc, info(vm.id).started_tsc);
    EXPECT_EQ(call(VMNIX_HC_VM_NEXT).rdi, vm.id);
    EXPECT_NE(rig_.log().find("VM vm ended: killed"), std::string::npos);
}

// The first ending is what it died of.
TEST_F(VmOrders, EndsOnce) {
    Vm &vm = in(VMNIX_VM_STATE_RUNNING);
    end_vm(rig_.cpu(), vm, VMNIX_VM_CRASHED, "something broke");
    end_vm(rig_.cpu(), vm, VMNIX_VM_POWERED_OFF, "and again");
    EXPECT_EQ(info(vm.id).ending, unsigned{VMNIX_VM_CRASHED});
    EXPECT_STREQ(info(vm.id).reason, "something broke");
    EXPECT_NE(rig_.log().find("VM vm ended: crashed: something broke"), std::string::npos);
}

TEST_F(VmOrders, LongReasonsAreCut) {
    Vm &vm = in(VMNIX_VM_STATE_RUNNING);
    end_vm(rig_.cpu(), vm, VMNIX_VM_CRASHED, std::string(300, 'x'));
    EXPECT_EQ(std::string(info(vm.id).reason), std::string(95, 'x'));
}

TEST_F(VmOrders, AutoRemove) {
    vmnix_vm_config fleeting = config("fleeting");
    fleeting.flags = VMNIX_VM_AUTO_REMOVE;
    const std::uint64_t id = make(fleeting).id, other = in(VMNIX_VM_STATE_ENDED, "other").id;
    EXPECT_EQ(memory().vms, 2u);
    ASSERT_EQ(start(id).error, 0u);
    EXPECT_EQ(memory().vms, 2u); // not while it runs
    ASSERT_EQ(order(id, VMNIX_VM_KILL).error, 0u);
    EXPECT_EQ(memory().vms, 1u);
    EXPECT_FALSE(exists(id));
    EXPECT_TRUE(exists(other)); // did not ask for it
    EXPECT_EQ(memory().dirty, 4 * kMega);
}

// What a CPU still runs is neither reset nor removed; the call says so after a while, and nothing has changed.
TEST_F(VmOrders, NotWhileACpuRunsIt) {
    Vm &vm = in(VMNIX_VM_STATE_RUNNING);
    halt_console(1);
    ASSERT_EQ(turn(1), vm.world_list[0]);
    EXPECT_FALSE(is_at_rest(vm));
    expect_error(order(vm.id, VMNIX_VM_RESET), VMNIX_HC_EAGAIN);
    EXPECT_EQ(vm.state, VMNIX_VM_STATE_ENDED); // on its way
    EXPECT_NE(rig_.cpu(1).orders & static_cast<unsigned>(Order::Reschedule), 0u);
    expect_error(order(vm.id, VMNIX_VM_REMOVE), VMNIX_HC_EAGAIN);
    EXPECT_TRUE(exists(vm.id));
    EXPECT_EQ(turn(1), nullptr); // it lets go
    EXPECT_TRUE(is_at_rest(vm));
    EXPECT_EQ(order(vm.id, VMNIX_VM_REMOVE).error, 0u);
}

// Back to the beginning, whatever was pending.
TEST_F(VmOrders, ResetIsAsNew) {
    Vm &vm = in(VMNIX_VM_STATE_RUNNING);
    World &first = *vm.world_list[0], &second = *vm.world_list[1];
    halt_console();
    ASSERT_EQ(turn(), &first);
    first.gpr[0] = 5;
    first.guest_nmis = 2;
    first.external.vector = 0x30;
    first.halted = first.halted_open = true;
    first.steal_time = 0x1001;
    first.extended.xcr0 = 3;
    first.extended.debug[1] = 0x1234;
    first.extended.tsc_aux = 7;
    second.mailbox.post(Mail::Sipi);
    second.kicked = true;
    second.vcpu_state = VMNIX_VCPU_RUNNING;
    post_interrupt(rig_.cpu(), second, 0x55);
    svm::Vcpu(first).vmcb().save.g_pat = 0;
    svm::Vcpu(first).vmcb().control.event_inj = 0x8000'0b0d;
    vm.external = true;
    vm.device_deadline = 5;
    *vm.memory.at(Gpa(0)) = std::byte{0x77};
    end_vm(rig_.cpu(), vm, VMNIX_VM_CRASHED, "broken");
    ASSERT_EQ(turn(), nullptr);
    ASSERT_EQ(order(vm.id, VMNIX_VM_RESET).error, 0u);
    const vmnix_vm_info told = info(vm.id);
    EXPECT_EQ(told.state, unsigned{VMNIX_VM_STATE_CREATED});
    EXPECT_EQ(told.ending, unsigned{VMNIX_VM_NOT_ENDED});
    EXPECT_STREQ(told.reason, "");
    EXPECT_EQ(told.started_tsc + told.ended_tsc, 0u);
    for (World *world : vm.worlds()) {
        EXPECT_EQ(world->vcpu_state, VMNIX_VCPU_WAIT_FOR_SIPI);
        EXPECT_EQ(world->place, kAsleep);
        EXPECT_FALSE(world->mailbox.any() || world->halted || world->kicked);
        EXPECT_EQ(world->guest_nmis + world->external.vector, 0u);
        EXPECT_EQ(world->steal_time, 0u);
        EXPECT_EQ(world->gpr[0], 0u);
        world->lapic.collect();
        EXPECT_FALSE(world->lapic.requested().highest());
        EXPECT_FALSE(world->lapic.is_software_enabled());
        EXPECT_EQ(world->extended.xcr0, 1u);
        EXPECT_EQ(world->extended.debug, (std::array<std::uint64_t, 4>{}));
        EXPECT_EQ(world->extended.tsc_aux, 0u);
        const svm::Vmcb &vmcb = svm::Vcpu(*world).vmcb();
        EXPECT_EQ(vmcb.save.rip, 0xfff0u);
        EXPECT_EQ(vmcb.save.g_pat, 0x0007040600070406u);
        EXPECT_EQ(vmcb.control.event_inj, 0u);
        EXPECT_EQ(vmcb.control.n_cr3, vm.nested_root.raw());
    }
    EXPECT_FALSE(vm.external);
    EXPECT_EQ(vm.device_deadline, ApicTimer::kNever);
    EXPECT_EQ(*vm.memory.at(Gpa(0)), std::byte{0}); // kernels count on zeroes
    EXPECT_EQ(first.stats.exits[VMNIX_EXIT_HALT] + first.sched.stats().picks, 0u);
    ASSERT_EQ(start(vm.id).error, 0u);
    ASSERT_EQ(turn(), &first);
}

// Pausing takes the CPU away; resuming gives it back.
TEST_F(VmOrders, PauseAndResume) {
    Vm &vm = in(VMNIX_VM_STATE_RUNNING);
    halt_console(1);
    ASSERT_EQ(turn(1), vm.world_list[0]);
    ASSERT_EQ(order(vm.id, VMNIX_VM_PAUSE).error, 0u);
    EXPECT_NE(rig_.cpu(1).orders & static_cast<unsigned>(Order::Reschedule), 0u);
    EXPECT_EQ(turn(1), nullptr);
    post_interrupt(rig_.cpu(), *vm.world_list[0], 0x41); // wakes nobody now
    EXPECT_EQ(turn(1), nullptr);
    rig_.cpu(1).orders = 0;
    ASSERT_EQ(order(vm.id, VMNIX_VM_RESUME).error, 0u);
    EXPECT_NE(rig_.cpu(1).orders & static_cast<unsigned>(Order::Reschedule), 0u);
    EXPECT_EQ(turn(1), vm.world_list[0]);
}

TEST_F(VmOrders, PowerButton) {
    Vm &vm = in(VMNIX_VM_STATE_RUNNING);
    ASSERT_EQ(order(vm.id, VMNIX_VM_POWER_BUTTON).error, 0u);
    const unsigned status = vm.machine->unguarded().board.read(device::kAcpiPort, 2, 0).value;
    EXPECT_TRUE(status & 1u << 8);               // PWRBTN_STS
    EXPECT_EQ(vm.state, VMNIX_VM_STATE_RUNNING); // it is the kernel that decides
}

// The console cannot leave while there is one.
TEST_F(VmOrders, NobodyLeavesWhileThereAreVms) {
    const std::uint64_t id = in(VMNIX_VM_STATE_ENDED).id;
    expect_error(call(VMNIX_HC_LEAVE), VMNIX_HC_EBUSY);
    ASSERT_EQ(order(id, VMNIX_VM_REMOVE).error, 0u);
    EXPECT_TRUE(call(VMNIX_HC_LEAVE).leave);
}

// Consoles that idle by themselves look up when the first VM comes: their HLT is to exit from now on.
TEST_F(VmOrders, TheFirstVmIsTold) {
    rig_.cpu(0).arrived.reschedule = 0;
    const std::uint64_t first = make(config("first")).id;
    EXPECT_EQ(rig_.cpu(0).arrived.reschedule, 1u);
    EXPECT_NE(rig_.cpu(1).orders & static_cast<unsigned>(Order::Reschedule), 0u);
    rig_.cpu(0).arrived.reschedule = 0;
    rig_.cpu(1).orders = 0;
    (void)make(config("second"));
    EXPECT_EQ(rig_.cpu(0).arrived.reschedule, 0u);
    EXPECT_EQ(rig_.cpu(1).orders, 0u);
    EXPECT_EQ(order(first, VMNIX_VM_REMOVE).error, 0u);
}

} // namespace
} // namespace vmm::test
