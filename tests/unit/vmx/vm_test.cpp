// SPDX-License-Identifier: GPL-2.0-only
// VMs on VT-x: how a vCPU starts, and what its turns leave in the CPUs.
#include "tests/unit/fakes/vm_host.hpp"

#include <gtest/gtest.h>

namespace vmm::test {
namespace {

using namespace vmx;

class VmxVmTest : public testing::Test, protected VmxHost {
  protected:
    VmxVmTest() : VmxHost({.cpus = 2, .spare_pieces = 16}), vm_(make(config("vm", 2))) { hear_kicks(); }
    World &vcpu_of_vm(unsigned n = 0) { return *vm_.world_list[n]; }
    State &state_of(World &world) { return world.backend<State>(); }
    std::uint64_t vm_field(VmcsField which, unsigned n = 0) {
        return vmcs_region(state_of(vcpu_of_vm(n)).vmcs).fields.at(which);
    }
    void start_vm() {
        ASSERT_EQ(start(vm_.id).error, 0u);
        hear_kicks();
        for (unsigned i = 0; i < 2; i++) {
            rig_.cpu(i).orders = 0;
            rig_.cpu(i).arrived = {};
        }
    }
    // The CPU goes over to the console's world or the VM's, and back: what turn.hpp does.
    void load(unsigned index, World &world) {
        rig_.play(index);
        world.cpu = &rig_.cpu(index);
        Vcpu(world).load_turn(rig_.cpu(index));
    }
    void save(World &world) { Vcpu(world).save_turn(); }

    Vm &vm_;
};

// ---- start ----

TEST_F(VmxVmTest, BuiltAsAfterReset) {
    const State &state = state_of(vcpu_of_vm());
    EXPECT_FALSE(state.loaded || state.launched);
    EXPECT_EQ(vmcs_region(state.vmcs).active_on, nullptr);
    EXPECT_EQ(current_vmcs_region(), VmxMachine::state().vmcs); // the console's again
    EXPECT_EQ(vm_field(VmcsField::GuestRip), 0xfff0u);
    EXPECT_EQ(vm_field(VmcsField::GuestCr0), 0x30u); // caches are the machine's: CD and NW are shown only
    EXPECT_EQ(vm_field(VmcsField::Cr0ReadShadow), 0x6000'0010u);
    EXPECT_EQ(vm_field(VmcsField::GuestPat), 0x0007'0406'0007'0406u);
    EXPECT_TRUE(vm_field(VmcsField::ProcessorControls) & processor::Hlt);
    EXPECT_TRUE(vm_field(VmcsField::SecondaryControls) & secondary::Wbinvd);
    EXPECT_FALSE(vm_field(VmcsField::SecondaryControls) & secondary::Xsaves);
    EXPECT_EQ(vm_field(VmcsField::EptPointer) & ~0xfffull, vm_.nested_root.raw());
}

TEST_F(VmxVmTest, StartsWhereItIsTold) {
    vmnix_boot_state boot = boot_state();
    boot.gpr[4] = 0x7000;
    boot.gpr[6] = 0x1234;
    ASSERT_EQ(start(vm_.id, boot).error, 0u);
    EXPECT_EQ(vm_field(VmcsField::GuestRip), kVmCode);
    EXPECT_EQ(vm_field(VmcsField::GuestRsp), 0x7000u);
    EXPECT_EQ(vcpu_of_vm().gpr[6], 0x1234u);
    EXPECT_EQ(vm_field(VmcsField::GuestCsAccessRights), 0xc09bu);
    EXPECT_EQ(vm_field(VmcsField::GuestSsAccessRights), 0xc093u);
    EXPECT_EQ(current_vmcs_region(), VmxMachine::state().vmcs);
    EXPECT_EQ(vmcs_region(state_of(vcpu_of_vm()).vmcs).active_on, nullptr);
}

// 27.3.1.2, which who starts a vCPU need not know. Granularity goes with the limit.
TEST_F(VmxVmTest, SegmentsOfEveryKind) {
    struct {
        vmnix_segment given;
        vmnix_segment vmnix_boot_state::*where;
        SegmentIndex index;
        std::uint64_t rights;
    } const rows[] = {
        {{0x10, 0xc9a, 0xffffffff, 0}, &vmnix_boot_state::cs, SegmentIndex::Cs, 0xc09b}, // not accessed
        {{0x10, 0x49b, 0xffff, 0}, &vmnix_boot_state::cs, SegmentIndex::Cs, 0x409b},
        {{0x10, 0xc9b, 0xffff, 0}, &vmnix_boot_state::cs, SegmentIndex::Cs, 0x409b}, // granularity without need
        {{0x18, 0x492, 0xffffffff, 0}, &vmnix_boot_state::ss, SegmentIndex::Ss, 0xc093},
        {{0x18, 0x493, 0xfffff, 0x1000}, &vmnix_boot_state::ds, SegmentIndex::Ds, 0x4093},
        {{0x18, 0xc90, 0xffffffff, 0}, &vmnix_boot_state::es, SegmentIndex::Es, 0xc091}, // read-only
        {{0, 0, 0, 0}, &vmnix_boot_state::fs, SegmentIndex::Fs, access_rights::Unusable},
        {{0, 0, 0, 0}, &vmnix_boot_state::gs, SegmentIndex::Gs, access_rights::Unusable},
        {{0, 0, 0, 0}, &vmnix_boot_state::ldtr, SegmentIndex::Ldtr, access_rights::Unusable},
        {{0, 0, 0x67, 0}, &vmnix_boot_state::tr, SegmentIndex::Tr, 0x8b}, // a busy TSS, as one must be there
    };
    for (const auto &row : rows) {
        vmnix_boot_state boot = boot_state();
        boot.*row.where = row.given;
        start_world(vcpu_of_vm(), boot);
        EXPECT_TRUE(check_world(vcpu_of_vm())) << static_cast<unsigned>(row.index) << rig_.log();
        EXPECT_EQ(vm_field(field_of(VmcsField::GuestEsAccessRights, row.index)), row.rights)
            << static_cast<unsigned>(row.index);
        EXPECT_EQ(vm_field(field_of(VmcsField::GuestEsLimit, row.index)), row.given.limit);
        EXPECT_EQ(vm_field(field_of(VmcsField::GuestEsBase, row.index)), row.given.base);
    }
}

TEST_F(VmxVmTest, LongModeAndRealMode) {
    vmnix_boot_state boot = boot_state();
    boot.cr0 |= x86::cr0::PG;
    boot.cr3 = 0x3000;
    boot.cr4 = x86::cr4::PAE;
    boot.efer = x86::efer::LME | x86::efer::LMA;
    boot.cs = {0x10, 0xa9b, 0xffffffff, 0};
    start_world(vcpu_of_vm(), boot);
    EXPECT_TRUE(check_world(vcpu_of_vm())) << rig_.log();
    EXPECT_TRUE(vm_field(VmcsField::EntryControls) & entry_control::Ia32eModeGuest);
    boot = boot_state();
    boot.cr0 = x86::cr0::ET;
    for (auto where : {&vmnix_boot_state::cs, &vmnix_boot_state::ss, &vmnix_boot_state::ds, &vmnix_boot_state::es,
                       &vmnix_boot_state::fs, &vmnix_boot_state::gs})
        boot.*where = {0, 0x93, 0xffff, 0};
    start_world(vcpu_of_vm(), boot);
    EXPECT_TRUE(check_world(vcpu_of_vm())) << rig_.log();
    EXPECT_FALSE(vm_field(VmcsField::EntryControls) & entry_control::Ia32eModeGuest);
}

TEST_F(VmxVmTest, StateThatAnEntryWouldRefuse) {
    vmnix_boot_state boot = boot_state();
    boot.cr0 |= x86::cr0::PG;
    boot.efer = x86::efer::LME; // without LMA and PAE
    EXPECT_EQ(start(vm_.id, boot).error, unsigned{VMNIX_HC_EINVAL});
    boot = boot_state();
    boot.efer = 1ull << 40;
    EXPECT_EQ(start(vm_.id, boot).error, unsigned{VMNIX_HC_EINVAL});
    EXPECT_EQ(current_vmcs_region(), VmxMachine::state().vmcs);
}

// ---- turns ----

// 25.11.1: it may go on on another CPU, which must not find this one holding it.
TEST_F(VmxVmTest, TurnsOnTwoCpus) {
    start_vm();
    World &world = vcpu_of_vm();
    for (unsigned index : {0u, 1u, 0u}) {
        load(index, world);
        EXPECT_EQ(vmcs_region(state_of(world).vmcs).active_on, &rig_.hardware(index));
        EXPECT_EQ(field(VmcsField::HostTrBase), reinterpret_cast<std::uint64_t>(&rig_.cpu(index).tss));
        EXPECT_EQ(field(VmcsField::HostGdtrBase), reinterpret_cast<std::uint64_t>(&rig_.cpu(index).gdt));
        enter_current_vmcs(state_of(world).launched);
        state_of(world).launched = true;
        save(world);
        EXPECT_EQ(vmcs_region(state_of(world).vmcs).active_on, nullptr);
        EXPECT_FALSE(state_of(world).launched || state_of(world).loaded);
    }
    rig_.play(0);
}

// The console's stays where it is, and goes on with VMRESUME.
TEST_F(VmxVmTest, ConsoleKeepsItsVmcs) {
    World &console = rig_.cpu().console;
    EXPECT_FALSE(exit(ExitReason::Cpuid, 2));
    save(console);
    EXPECT_TRUE(VmxMachine::state().launched);
    EXPECT_EQ(vmcs_region(VmxMachine::state().vmcs).active_on, &rig_.hardware());
    load(0, console);
    EXPECT_FALSE(exit(ExitReason::Cpuid, 2));
}

// What no VMCS switches.
TEST_F(VmxVmTest, HiddenStateIsExchanged) {
    constexpr std::uint32_t kHidden[] = {x86::msr::Star, x86::msr::Lstar, x86::msr::Cstar, x86::msr::Sfmask,
                                         x86::msr::KernelGsBase};
    start_vm();
    Hardware &cpu = rig_.hardware();
    World &console = rig_.cpu().console, &world = vcpu_of_vm();
    for (std::uint32_t index : kHidden)
        cpu.msrs[index] = 0x1000 + index;
    cpu.cr2 = 0x11;
    cpu.dr6 = 0xffff4ff0;
    save(console);
    load(0, world);
    for (std::uint32_t index : kHidden)
        EXPECT_EQ(cpu.msrs[index], 0u) << std::hex << index;
    EXPECT_EQ(cpu.cr2, 0u);
    EXPECT_EQ(cpu.dr6, 0xffff0ff0u);
    for (std::uint32_t index : kHidden)
        cpu.msrs[index] = 0x2000 + index;
    cpu.cr2 = 0x22;
    save(world);
    load(0, console);
    for (std::uint32_t index : kHidden)
        EXPECT_EQ(cpu.msrs[index], 0x1000 + index);
    EXPECT_EQ(cpu.cr2, 0x11u);
    EXPECT_EQ(cpu.dr6, 0xffff4ff0u);
    save(console);
    load(0, world);
    for (std::uint32_t index : kHidden)
        EXPECT_EQ(cpu.msrs[index], 0x2000 + index);
    EXPECT_EQ(cpu.cr2, 0x22u);
    save(world);
}

// Each CPU gives VPIDs of its own; what hangs on the tables alone is flushed when it gives one.
TEST_F(VmxVmTest, VpidsPerCpu) {
    World &first = vcpu_of_vm(0), &second = vcpu_of_vm(1);
    const std::string invept = "invept 1 " + std::to_string(state_of(first).ept_pointer);
    const auto vpid_on = [&](unsigned index, World &world) {
        rig_.hardware(index).trace.clear();
        load(index, world);
        const std::uint64_t vpid = field(VmcsField::Vpid);
        save(world);
        return vpid;
    };
    EXPECT_EQ(vpid_on(0, first), kFirstVmVpid);
    EXPECT_TRUE(traced(invept, 0));
    EXPECT_EQ(vpid_on(0, second), kFirstVmVpid + 1);
    EXPECT_EQ(vpid_on(0, first), kFirstVmVpid); // its own still: nothing to flush
    EXPECT_FALSE(traced(invept, 0));
    EXPECT_EQ(vpid_on(1, first), kFirstVmVpid);
    EXPECT_TRUE(traced(invept, 1));
    EXPECT_EQ(vpid_on(0, first), kFirstVmVpid + 2); // on the other one meanwhile
    EXPECT_TRUE(traced(invept, 0));
    rig_.play(0);
}

TEST_F(VmxVmTest, VpidsBeginAgain) {
    World &first = vcpu_of_vm(0), &second = vcpu_of_vm(1);
    const auto vpid_of = [&](World &world) {
        rig_.hardware().trace.clear();
        load(0, world);
        const std::uint64_t vpid = field(VmcsField::Vpid);
        save(world);
        return vpid;
    };
    g_shared.vpids[0].next = kVpidEnd - 1;
    EXPECT_EQ(vpid_of(first), 0xffffu);
    EXPECT_FALSE(traced("invvpid 2 0"));
    EXPECT_EQ(vpid_of(second), kFirstVmVpid);
    EXPECT_TRUE(traced("invvpid 2 0"));          // all of them
    EXPECT_EQ(vpid_of(first), kFirstVmVpid + 1); // its old one is of the generation before
}

TEST_F(VmxVmTest, FlushIsOfOneVpidAndItsTables) {
    World &world = vcpu_of_vm();
    start_vm();
    load(0, world);
    rig_.hardware().trace.clear();
    Vcpu(world).request_flush();
    EXPECT_EQ(Vcpu(world).finish(), &world);
    EXPECT_EQ(rig_.hardware().trace,
              (std::vector<std::string>{"invept 1 " + std::to_string(state_of(world).ept_pointer),
                                        "invvpid 1 " + std::to_string(kFirstVmVpid)}));
    EXPECT_FALSE(state_of(world).flush);
    save(world);
}

// ---- exits of a VM ----

class VmxVmExitTest : public VmxVmTest {
  protected:
    VmxVmExitTest() {
        start_vm();
        halt_console(0);
        halt_console(1);
        VMM_ASSERT(turn(0) == &vcpu_of_vm()); // and the CPU goes over
        rig_.cpu().arrived = {};
        save(rig_.cpu().console);
        load(0, vcpu_of_vm());
    }
};

TEST_F(VmxVmExitTest, Cpuid) {
    vcpu_of_vm().gpr[0] = 0;
    EXPECT_EQ(exit_of(vcpu_of_vm(), {.reason = ExitReason::Cpuid, .length = 2}), &vcpu_of_vm());
    EXPECT_EQ(vcpu_of_vm().gpr[0], 0xdu); // the last leaf that VMs have
    EXPECT_EQ(field(VmcsField::GuestRip), kVmCode + 2);
}

// An entry that the CPU refuses, or a task switch, is the end of the VM and of nothing else.
TEST_F(VmxVmExitTest, EntryThatFailsEndsTheVm) {
    rig_.hardware().on_wait = [&] { throw 1; }; // the CPU sleeps then, as the console does
    EXPECT_THROW((void)exit_of(vcpu_of_vm(), {.reason = ExitReason::EntryFailureGuestState, .entry_failure = true}),
                 int);
    EXPECT_EQ(info(vm_.id).ending, unsigned{VMNIX_VM_CRASHED});
    EXPECT_EQ(current_vmcs_region(), VmxMachine::state().vmcs);
}

TEST_F(VmxVmExitTest, TaskSwitchEndsTheVm) {
    rig_.hardware().on_wait = [&] { throw 1; };
    EXPECT_THROW((void)exit_of(vcpu_of_vm(), {.reason = ExitReason::TaskSwitch, .length = 2}), int);
    EXPECT_EQ(info(vm_.id).ending, unsigned{VMNIX_VM_CRASHED});
}

// Caches of the machine are not a VM's to switch off.
TEST_F(VmxVmExitTest, CacheBitsAreShownOnly) {
    vcpu_of_vm().gpr[1] = 0x6000'0011;
    const std::uint64_t to_cr0 = cr_access::Gpr::make(1);
    EXPECT_EQ(exit_of(vcpu_of_vm(), {.reason = ExitReason::ControlRegister, .qualification = to_cr0, .length = 3}),
              &vcpu_of_vm());
    EXPECT_EQ(field(VmcsField::GuestCr0), 0x31u);
    EXPECT_EQ(Vcpu(vcpu_of_vm()).cr0(), 0x6000'0011u);
    EXPECT_EQ(rig_.hardware().wbinvds, 0u);
}

// What a frequent exit does with the VMCS, each access tens of cycles of a real CPU (vmm/vmx/world_switch.S does none):
// `reads` and `writes` are what docs/measured.md says.
TEST_F(VmxVmExitTest, AccessesToTheVmcs) {
    constexpr std::uint64_t kIn = io::In, kUart = 0x3f8, kX2apic = 0xfee00c00;
    const auto port = [](std::uint64_t number, unsigned size) { return number << 16 | (size - 1); };
    World &world = vcpu_of_vm();
    const auto make_exit = [&](std::uint64_t rax, std::uint64_t rcx, const ExitReport &report) {
        world.gpr[0] = rax;
        world.gpr[1] = rcx;
        world.gpr[2] = 0;
        ASSERT_EQ(exit_of(world, report), &world);
    };
    make_exit(kX2apic, 0x1b, {.reason = ExitReason::Wrmsr, .length = 2});
    struct {
        const char *what;
        std::uint64_t rax, rcx;
        ExitReport report;
        unsigned reads, writes;
    } const rows[] = {
        {"cpuid", 0, 0, {.reason = ExitReason::Cpuid, .length = 2}, 8, 2},
        {"hypercall", 99, 0, {.reason = ExitReason::Vmcall, .length = 3}, 8, 2},
        {"port in (UART)",
         0,
         0,
         {.reason = ExitReason::Io, .qualification = port(kUart + 5, 1) | kIn, .length = 1},
         8,
         2},
        {"port out (UART)", 0, 0, {.reason = ExitReason::Io, .qualification = port(kUart + 7, 1), .length = 1}, 8, 2},
        {"x2APIC EOI", 0, 0x80b, {.reason = ExitReason::Wrmsr, .length = 2}, 7, 2},
        {"x2APIC timer", 1000, 0x838, {.reason = ExitReason::Wrmsr, .length = 2}, 7, 2},
        {"MSR read", 0, 0x1b, {.reason = ExitReason::Rdmsr, .length = 2}, 7, 2},
    };
    // Not counted: what the assertion build reads besides, behind the exit and before the entry.
    rig_.hardware().vmreads = 0;
    checks::after_exit(Vcpu(world));
    checks::before_entry(Vcpu(world));
    const unsigned checks = rig_.hardware().vmreads;
    for (const auto &row : rows) {
        make_exit(row.rax, row.rcx, row.report);
        EXPECT_EQ(rig_.hardware().vmreads - checks, row.reads) << row.what;
        EXPECT_EQ(rig_.hardware().vmwrites, row.writes) << row.what;
    }
}

} // namespace
} // namespace vmm::test
