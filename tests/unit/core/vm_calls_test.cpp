// SPDX-License-Identifier: GPL-2.0-only
// Hypercalls on a VM that is there.
#include "vmm/core/vm_calls.hpp"

#include "tests/unit/fakes/vm_host_fixture.hpp"
#include "vmm/core/interrupts.hpp"
#include "vmm/core/vm_machine.hpp"

namespace vmm::test {
namespace {

class VmCalls : public VmHostFixture {
  protected:
    VmCalls() : VmHostFixture({.cpus = 2, .spare_pieces = 12}), vm_(make(config("vm", 2))) {}
    std::uint64_t id() { return vm_.id; }
    HypercallResult write(std::uint64_t to, std::uint64_t from, std::uint64_t bytes) {
        return call(VMNIX_HC_VM_WRITE, id(), at_arguments(vmnix_vm_copy{to, from, bytes}));
    }
    std::string page(std::uint64_t bytes) {
        return {reinterpret_cast<const char *>(rig_.memory().bytes(kPage, bytes).data()), bytes};
    }
    void put_page(std::string_view text) {
        std::memcpy(rig_.memory().bytes(kPage, text.size()).data(), text.data(), text.size());
    }
    // The VM's serial line says it.
    void say(std::string_view text) {
        for (char c : text)
            with_machine(rig_.cpu(), vm_, [&](Machine &machine) {
                return machine.board.write(0x3f8, 1, static_cast<std::uint8_t>(c), 0);
            });
    }

    Vm &vm_;
    static constexpr std::uint64_t kBadAddresses[] = {Rig::kArena.begin.raw(), 0xfee00000, 1ull << 52, ~0xfffull};
};

TEST_F(VmCalls, NoSuchVm) {
    const std::uint64_t page = kPage;
    for (std::uint64_t id : {std::uint64_t{0}, vm_.id + 1ul, 1ul << 32 | vm_.id, ~0ul})
        for (std::uint64_t number :
             {VMNIX_HC_VM_WRITE, VMNIX_HC_VM_START, VMNIX_HC_VM_ORDER, VMNIX_HC_VM_INFO, VMNIX_HC_VM_DEFINITION,
              VMNIX_HC_VM_CONSOLE_READ, VMNIX_HC_VM_CONSOLE_WRITE, VMNIX_HC_VM_SHARE})
            if (id != 0 || (number != VMNIX_HC_VM_SHARE && number != VMNIX_HC_VM_INFO)) // that is the console
                expect_error(call(number, id, page, VMNIX_VM_KILL), VMNIX_HC_ENOENT);
    expect_error(call(VMNIX_HC_VM_WORLD, id() + 1, page, 272), VMNIX_HC_ENOENT);
}

TEST_F(VmCalls, Write) {
    put_page("what the VM boots");
    EXPECT_EQ(write(0x1ff0, kPage, 16).error, 0u);
    EXPECT_EQ(std::memcmp(vm_.memory.at(Gpa(0x1ff0)), "what the VM boot", 16), 0);
    EXPECT_EQ(*vm_.memory.at(Gpa(0x2000)), std::byte{0});
    EXPECT_EQ(write(4 * kMega - kPageSize, kPage, kPageSize).error, 0u); // its last page
}

TEST_F(VmCalls, WriteRefuses) {
    for (std::uint64_t bytes : {std::uint64_t{0}, kPageSize + 1, ~std::uint64_t{0}})
        expect_error(write(0, kPage, bytes), VMNIX_HC_EINVAL);
    expect_error(write(0x1ff8, kPage, 16), VMNIX_HC_EINVAL); // across a page there
    expect_error(write(0, kPage + kPageSize - 8, 16), VMNIX_HC_EINVAL);
    for (std::uint64_t from : kBadAddresses)
        expect_error(write(0, from, 8), VMNIX_HC_EFAULT);
    expect_error(write(0, at_physical<void>(Hpa(0)) ? physical_of(vm_.memory.at(Gpa(0))).raw() : 0, 8),
                 VMNIX_HC_EFAULT); // RAM of a VM is not the console's
    for (std::uint64_t to : {4 * kMega, std::uint64_t{VMNIX_VM_LOW_RAM}, std::uint64_t{VMNIX_VM_HIGH_RAM},
                             std::uint64_t{0xfee00000}, std::uint64_t{1} << 52, ~std::uint64_t{0xfff}})
        expect_error(write(to, kPage, 8), VMNIX_HC_EFAULT);
    for (std::uint64_t address : kBadAddresses)
        expect_error(call(VMNIX_HC_VM_WRITE, id(), address), VMNIX_HC_EFAULT);
}

TEST_F(VmCalls, WriteOnlyBeforeTheStart) {
    ASSERT_EQ(start(id()).error, 0u);
    expect_error(write(0, kPage, 8), VMNIX_HC_EBUSY);
    ASSERT_EQ(order(id(), VMNIX_VM_KILL).error, 0u);
    expect_error(write(0, kPage, 8), VMNIX_HC_EBUSY);
    ASSERT_EQ(order(id(), VMNIX_VM_RESET).error, 0u);
    EXPECT_EQ(write(0, kPage, 8).error, 0u);
}

TEST_F(VmCalls, StartWithAStateThatNoCpuEnters) {
    const auto broken = [](auto change) {
        vmnix_boot_state state = boot_state();
        change(state);
        return state;
    };
    const vmnix_boot_state states[] = {
        broken([](auto &s) { s.cr0 = x86::cr0::NW; }),
        broken([](auto &s) { s.cr0 |= 1ull << 32; }),
        broken([](auto &s) { s.cr4 = 1ull << 40; }),
        broken([](auto &s) { s.efer = 1ull << 32; }),
        broken([](auto &s) { s.cr0 |= x86::cr0::PG, s.efer = x86::efer::LME; }), // without PAE
        broken([](auto &s) {
            s.cr0 |= x86::cr0::PG;
            s.efer = x86::efer::LME;
            s.cr4 = x86::cr4::PAE;
            s.cs.attributes = 0x69b; // L and D
        }),
    };
    for (const vmnix_boot_state &state : states) {
        expect_error(start(id(), state), VMNIX_HC_EINVAL);
        EXPECT_EQ(info(id()).state, unsigned{VMNIX_VM_STATE_CREATED});
        EXPECT_EQ(vm_.world_list[0]->vcpu_state, VMNIX_VCPU_WAIT_FOR_SIPI);
    }
    for (std::uint64_t size : {std::uint64_t{0}, sizeof(vmnix_boot_state) - 1, sizeof(vmnix_boot_state) + 1})
        expect_error(call(VMNIX_HC_VM_START, id(), at_arguments(boot_state()), size), VMNIX_HC_EINVAL);
    for (std::uint64_t address : kBadAddresses)
        expect_error(call(VMNIX_HC_VM_START, id(), address, sizeof(vmnix_boot_state)), VMNIX_HC_EFAULT);
    EXPECT_EQ(start(id()).error, 0u); // and a sound one is taken
}

// EFER bits that the guest could not set by itself are not its own at the start either.
TEST_F(VmCalls, StartWithForeignEferBits) {
    vmnix_boot_state state = boot_state();
    state.efer = 1ull << 20; // known to some CPU, not to this one
    expect_error(start(id(), state), VMNIX_HC_EINVAL);
}

TEST_F(VmCalls, StartSetsTheFirstVcpu) {
    vmnix_boot_state state = boot_state();
    for (unsigned i = 0; i < 16; i++)
        state.gpr[i] = 0x1000 + i;
    state.gdtr = {0, 0, 0x1f, 0x5000};
    ASSERT_EQ(start(id(), state).error, 0u);
    World &first = *vm_.world_list[0];
    const svm::SaveArea &save = svm::Vcpu(first).vmcb().save;
    EXPECT_EQ(save.rip, kVmCode);
    EXPECT_EQ(save.cs.attributes, 0xc9b);
    EXPECT_EQ(save.gdtr.base, 0x5000u);
    EXPECT_EQ(save.rsp, 0x1004u);
    for (unsigned i = 0; i < 16; i++)
        EXPECT_EQ(first.gpr[i], 0x1000u + i);
    EXPECT_EQ(first.vcpu_state, VMNIX_VCPU_RUNNING);
    EXPECT_EQ(vm_.world_list[1]->vcpu_state, VMNIX_VCPU_WAIT_FOR_SIPI);
    EXPECT_EQ(info(id()).state, unsigned{VMNIX_VM_STATE_RUNNING});
    EXPECT_NE(info(id()).started_tsc, 0u);
    expect_error(start(id(), state), VMNIX_HC_EBUSY);
    // The local APIC as firmware leaves it.
    EXPECT_TRUE(first.lapic.is_software_enabled());
    EXPECT_EQ(first.lapic.read(LapicRegister::LvtLint0, 0).value, 0x700u);
    EXPECT_EQ(first.lapic.read(LapicRegister::LvtLint1, 0).value, 0x400u);
    EXPECT_FALSE(vm_.world_list[1]->lapic.is_software_enabled());
}

TEST_F(VmCalls, InfoAndItsSizes) {
    auto &second = rig_.memory().at<std::uint32_t>(kArguments + 4);
    second = 0x7777;
    const HypercallResult part = call(VMNIX_HC_VM_INFO, id(), kArguments, 4);
    EXPECT_EQ(part.error, 0u);
    EXPECT_EQ(part.rdi, 4u);
    EXPECT_EQ(second, 0x7777u);
    EXPECT_EQ(call(VMNIX_HC_VM_INFO, id(), kArguments, 100000).rdi, sizeof(vmnix_vm_info));
    expect_error(call(VMNIX_HC_VM_INFO, id(), kArguments, 3), VMNIX_HC_EINVAL);
    for (std::uint64_t address : kBadAddresses)
        expect_error(call(VMNIX_HC_VM_INFO, id(), address, sizeof(vmnix_vm_info)), VMNIX_HC_EFAULT);
}

TEST_F(VmCalls, NextGoesThroughAll) {
    const std::uint64_t second = make(config("second")).id, third = make(config("third")).id;
    ASSERT_EQ(order(second, VMNIX_VM_REMOVE).error, 0u);
    EXPECT_EQ(call(VMNIX_HC_VM_NEXT, 0).rdi, id());
    EXPECT_EQ(call(VMNIX_HC_VM_NEXT, id()).rdi, third);
    expect_error(call(VMNIX_HC_VM_NEXT, third), VMNIX_HC_ENOENT);
    expect_error(call(VMNIX_HC_VM_NEXT, ~0ull), VMNIX_HC_ENOENT);
}

TEST_F(VmCalls, Definition) {
    vmnix_vm_config with = config("defined");
    with.definition_size = VMNIX_VM_DEFINITION;
    for (unsigned i = 0; i < VMNIX_VM_DEFINITION; i++)
        with.definition[i] = static_cast<char>('a' + i % 26);
    const std::uint64_t defined = make(with).id;
    put_page(std::string(kPageSize, '-'));
    EXPECT_EQ(call(VMNIX_HC_VM_DEFINITION, defined, kPage, ~0ull).rdi, std::uint64_t{VMNIX_VM_DEFINITION});
    EXPECT_EQ(page(VMNIX_VM_DEFINITION), std::string(with.definition, VMNIX_VM_DEFINITION));
    EXPECT_EQ(page(VMNIX_VM_DEFINITION + 1).back(), '-'); // not a byte more
    put_page("----");
    EXPECT_EQ(call(VMNIX_HC_VM_DEFINITION, defined, kPage, 3).rdi, 3u);
    EXPECT_EQ(page(4), "abc-");
    EXPECT_EQ(call(VMNIX_HC_VM_DEFINITION, id(), kPage, 100).rdi, 0u); // has none
    for (std::uint64_t address : kBadAddresses)
        expect_error(call(VMNIX_HC_VM_DEFINITION, defined, address, 16), VMNIX_HC_EFAULT);
}

TEST_F(VmCalls, TheConsoleHasAnAccount) {
    ASSERT_EQ(call(VMNIX_HC_VM_INFO, 0, kArguments, sizeof(vmnix_vm_info)).error, 0u);
    const auto told = arguments<vmnix_vm_info>();
    EXPECT_STREQ(told.name, "console");
    EXPECT_EQ(told.vcpus, g_vmm.cpu_count);
    EXPECT_EQ(told.share.shares, g_vmm.console_group.parameters().shares);
    EXPECT_GT(told.run_tsc + told.ready_tsc + told.wait_tsc, 0u);
}

TEST_F(VmCalls, Worlds) {
    vm_.world_list[1]->stats.exits[VMNIX_EXIT_PORT] = 77;
    vm_.world_list[1]->stats.ipis_sent = 5;
    vm_.world_list[1]->stats.injected_interrupts = 6;
    EXPECT_EQ(call(VMNIX_HC_VM_WORLD, 1ull << 32 | id(), kArguments, sizeof(vmnix_world_info)).error, 0u);
    auto told = arguments<vmnix_world_info>();
    EXPECT_EQ(told.state, unsigned{VMNIX_VCPU_STOPPED}); // the VM has not started
    EXPECT_EQ(told.on_cpu, 0u);
    EXPECT_EQ(told.exits[VMNIX_EXIT_PORT], 77u);
    EXPECT_EQ(told.ipis_sent, 5u);
    EXPECT_EQ(told.injected_interrupts, 6u);
    EXPECT_EQ(info(id()).exits, 77u);
    expect_error(call(VMNIX_HC_VM_WORLD, 2ull << 32 | id(), kArguments, 272), VMNIX_HC_EINVAL);
    EXPECT_EQ(call(VMNIX_HC_VM_WORLD, 1ull << 32, kArguments, 272).error, 0u); // of the console
    told = arguments<vmnix_world_info>();
    EXPECT_EQ(told.cpu, 1u);
    EXPECT_EQ(told.on_cpu, 1u);
    EXPECT_EQ(told.state, unsigned{VMNIX_VCPU_RUNNING});
    expect_error(call(VMNIX_HC_VM_WORLD, 2ull << 32, kArguments, 272), VMNIX_HC_EINVAL);
    expect_error(call(VMNIX_HC_VM_WORLD, ~0ull << 32, kArguments, 272), VMNIX_HC_EINVAL);
    expect_error(call(VMNIX_HC_VM_WORLD, 0, kArguments, 2), VMNIX_HC_EINVAL);
    expect_error(call(VMNIX_HC_VM_WORLD, 0, Rig::kArena.begin.raw(), 272), VMNIX_HC_EFAULT);
}

TEST_F(VmCalls, Shares) {
    const vmnix_vm_share share{.shares = 2000, .reservation = 300, .limit = 900, .reserved = 0, .affinity = {1}};
    EXPECT_EQ(call(VMNIX_HC_VM_SHARE, id(), at_arguments(share)).error, 0u);
    EXPECT_EQ(std::memcmp(&vm_.share, &share, sizeof(share)), 0);
    EXPECT_EQ(vm_.group.parameters().shares, 2000u);
    EXPECT_EQ(vm_.group.parameters().reservation, 300u);
    EXPECT_EQ(vm_.group.parameters().limit, 900u);
    EXPECT_TRUE(vm_.group.parameters().affinity == CpuMask::only(0));
    const auto with = [&](auto change) {
        vmnix_vm_share bad = share;
        change(bad);
        return call(VMNIX_HC_VM_SHARE, id(), at_arguments(bad));
    };
    expect_error(with([](auto &s) { s.shares = 0; }), VMNIX_HC_EINVAL);
    expect_error(with([](auto &s) { s.limit = 200; }), VMNIX_HC_EINVAL);
    expect_error(with([](auto &s) { s.reserved = 9; }), VMNIX_HC_EINVAL);
    expect_error(with([](auto &s) { s.affinity[0] = 0x10; }), VMNIX_HC_EINVAL);
    expect_error(with([](auto &s) { s.limit = 0, s.reservation = 1000; }), VMNIX_HC_ENOSPC); // of one CPU all
    EXPECT_EQ(std::memcmp(&vm_.share, &share, sizeof(share)), 0);
    for (std::uint64_t address : kBadAddresses)
        expect_error(call(VMNIX_HC_VM_SHARE, id(), address), VMNIX_HC_EFAULT);
}

// The console's vCPUs are pinned: each to its CPU.
TEST_F(VmCalls, SharesOfTheConsole) {
    vmnix_vm_share share{.shares = 3000, .reservation = 500, .limit = 0, .reserved = 0, .affinity = {}};
    EXPECT_EQ(call(VMNIX_HC_VM_SHARE, 0, at_arguments(share)).error, 0u);
    EXPECT_EQ(g_vmm.console_group.parameters().shares, 3000u);
    share.affinity[0] = 1;
    expect_error(call(VMNIX_HC_VM_SHARE, 0, at_arguments(share)), VMNIX_HC_EINVAL);
    share.affinity[0] = 3;
    EXPECT_EQ(call(VMNIX_HC_VM_SHARE, 0, at_arguments(share)).error, 0u);
}

// What is reserved for one is not there for others.
TEST_F(VmCalls, ReservationsAreShared) {
    vmnix_vm_config greedy = config("greedy");
    greedy.share.reservation = 1500;
    (void)make(greedy);
    vmnix_vm_share share{.shares = 1000, .reservation = 301, .limit = 0, .reserved = 0, .affinity = {}};
    expect_error(call(VMNIX_HC_VM_SHARE, id(), at_arguments(share)), VMNIX_HC_ENOSPC);
    share.reservation = 300;
    EXPECT_EQ(call(VMNIX_HC_VM_SHARE, id(), at_arguments(share)).error, 0u);
}

TEST_F(VmCalls, ConsoleIsRead) {
    say("Booting");
    EXPECT_EQ(info(id()).console_head, 7u);
    HypercallResult read = call(VMNIX_HC_VM_CONSOLE_READ, id(), kPage, 0);
    EXPECT_EQ(read.error, 0u);
    EXPECT_EQ(read.results, 2u);
    EXPECT_EQ(read.rdi, 7u);
    EXPECT_EQ(read.rsi, 0u);
    EXPECT_EQ(page(7), "Booting");
    read = call(VMNIX_HC_VM_CONSOLE_READ, id(), kPage, 4);
    EXPECT_EQ(read.rdi, 3u);
    EXPECT_EQ(page(3), "ing");
    read = call(VMNIX_HC_VM_CONSOLE_READ, id(), kPage, ~0ull);
    EXPECT_EQ(read.rdi, 0u);
    EXPECT_EQ(read.rsi, 7u);
    expect_error(call(VMNIX_HC_VM_CONSOLE_READ, id(), kPage + 1, 0), VMNIX_HC_EINVAL);
    for (std::uint64_t address : kBadAddresses)
        expect_error(call(VMNIX_HC_VM_CONSOLE_READ, id(), address, 0), VMNIX_HC_EFAULT);
}

// Who found nothing is told when there is something, once.
TEST_F(VmCalls, ReadersAreTold) {
    ASSERT_EQ(call(VMNIX_HC_EVENT, 0x99, 1).error, 0u);
    say("a");
    EXPECT_FALSE(vm_.machine->unguarded().wanted);
    EXPECT_EQ(call(VMNIX_HC_VM_CONSOLE_READ, id(), kPage, 0).rdi, 1u);
    EXPECT_FALSE(vm_.machine->unguarded().wanted); // there was something
    EXPECT_EQ(call(VMNIX_HC_VM_CONSOLE_READ, id(), kPage, 1).rdi, 0u);
    EXPECT_TRUE(vm_.machine->unguarded().wanted);
    say("b");
    EXPECT_FALSE(vm_.machine->unguarded().wanted);
}

TEST_F(VmCalls, ConsoleIsWritten) {
    put_page("ls\n");
    const HypercallResult typed = call(VMNIX_HC_VM_CONSOLE_WRITE, id(), kPage, 3);
    EXPECT_EQ(typed.error, 0u);
    EXPECT_EQ(typed.rdi, 1u); // without its FIFO the UART holds one
    EXPECT_EQ(vm_.machine->unguarded().board.read(0x3f8, 1, 0).value, 'l');
    for (std::uint64_t bytes : {std::uint64_t{0}, std::uint64_t{257}, ~std::uint64_t{0}})
        expect_error(call(VMNIX_HC_VM_CONSOLE_WRITE, id(), kPage, bytes), VMNIX_HC_EINVAL);
    expect_error(call(VMNIX_HC_VM_CONSOLE_WRITE, id(), kPage + kPageSize - 3, 4), VMNIX_HC_EINVAL);
    for (std::uint64_t address : kBadAddresses)
        expect_error(call(VMNIX_HC_VM_CONSOLE_WRITE, id(), address, 4), VMNIX_HC_EFAULT);
}

} // namespace
} // namespace vmm::test
