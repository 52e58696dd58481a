// SPDX-License-Identifier: GPL-2.0-only
// The console ends, and the next one begins from its package while a VM goes on.
#include "vmm/core/console_life.hpp"

#include "tests/unit/fakes/vm_host_fixture.hpp"
#include "vmm/core/interrupts.hpp"
#include "vmm/core/schedule.hpp"
#include "vmm/exit/mail.hpp"
#include "vmnix/abi/guest/boot_map.h"

#include <vector>

namespace vmm::test {
namespace {

class ConsoleRestart : public VmHostFixture {
  protected:
    static constexpr std::uint64_t kRoom = 16 * kMega, kLow = 0x40000, kMap = 0x50000, kEntry = kRoom + 0x100;

    ConsoleRestart() : VmHostFixture({.cpus = 2, .io_apics = 1, .spare_pieces = 16}) { supply(8); }

    // Two segments, of two pages and of one and a half.
    vmnix_package package() {
        vmnix_package p{};
        p.size = sizeof(p);
        p.segment_count = 2;
        p.bytes = 4 * kPageSize;
        p.room_base = kRoom;
        p.room_bytes = 4 * kMega;
        p.map_at = kMap;
        p.map_bytes = kPageSize;
        p.segment[0] = {kRoom, 0, 2 * kPageSize};
        p.segment[1] = {kLow, 2 * kPageSize, kPageSize + kPageSize / 2};
        p.state = boot_state();
        p.state.rip = kEntry;
        p.checksum = VMNIX_CHECKSUM_BEGIN;
        for (unsigned i = 0; i < 4; i++)
            p.checksum = vmnix_checksum(p.checksum, page_of(i).data(), kPageSize);
        return p;
    }
    static std::vector<std::uint8_t> page_of(unsigned number) {
        return std::vector<std::uint8_t>(kPageSize, static_cast<std::uint8_t>(0x10 + number));
    }
    HypercallResult begin_package(const vmnix_package &p) {
        return call(VMNIX_HC_PACKAGE_BEGIN, at_arguments(p), sizeof(p));
    }
    HypercallResult write_page(unsigned number) {
        std::ranges::copy(page_of(number),
                          reinterpret_cast<std::uint8_t *>(rig_.memory().bytes(kPage, kPageSize).data()));
        return call(VMNIX_HC_PACKAGE_WRITE, number * kPageSize, kPage);
    }
    void register_package() {
        ASSERT_EQ(begin_package(package()).error, 0u);
        for (unsigned i = 0; i < 4; i++)
            ASSERT_EQ(write_page(i).error, 0u);
        ASSERT_EQ(call(VMNIX_HC_PACKAGE_SEAL).error, 0u);
    }
    HypercallResult end(vmnix_console_end why, std::string_view text = "") {
        std::memcpy(rig_.memory().bytes(kPage, VMNIX_END_TEXT).data(), text.data(), text.size());
        return call(VMNIX_HC_CONSOLE_END, why, kPage, text.size());
    }
    vmnix_console_info console_info() {
        EXPECT_EQ(call(VMNIX_HC_CONSOLE_INFO, kArguments, sizeof(vmnix_console_info)).error, 0u);
        return arguments<vmnix_console_info>();
    }
    // CPUs leave their guests by the kick and go on until a guest is entered; each waits while the others have work.
    World *let_go() {
        rig_.hardware(0).on_wait = [this] {
            rig_.play(1);
            if (rig_.cpu(1).console.mailbox.any()) {
                rig_.hardware(1).on_wait = [] {}; // sleeps until the end of the test
                svm::Vcpu(rig_.cpu(1).console).enter_host_context();
                (void)begin_turn_on(1);
            }
            pass_time(1'000'000);
        };
        return exit_on(0);
    }
    World *exit_on(unsigned index) {
        rig_.play(index);
        svm::Vmcb &vmcb = *rig_.cpu(index).console.backend<svm::State>().vmcb;
        vmcb.control.exit_code = static_cast<std::uint64_t>(svm::ExitCode::Intr);
        World *const entered = svm_exit(rig_.cpu(index).console);
        rig_.play(0);
        return entered;
    }
    bool begin_turn_on(unsigned index);
    // On the first CPU, up to its timer's interrupt.
    void pass_time(std::uint64_t ticks) {
        rig_.play(0);
        rig_.hardware(0).tsc += ticks;
        rig_.put_in_service(0, kTimerVector);
    }
    // The first CPU waits for the operator, again and again; the serial port takes what is written to it.
    void expect_held() {
        constexpr unsigned kWaits = 5;
        unsigned waits = 0;
        rig_.hardware(0).ports[0x3fd] = 0x20;
        rig_.hardware(0).on_wait = [&] {
            if (++waits == kWaits)
                throw waits;
            rig_.play(1);
            if (rig_.cpu(1).console.mailbox.any())
                (void)begin_turn_on(1);
            pass_time(1'000'000'000);
        };
        EXPECT_THROW((void)exit_on(0), unsigned);
        EXPECT_EQ(g_vmm.console_life.state, VMNIX_CONSOLE_HELD);
    }
    std::uint8_t byte_at(std::uint64_t address) {
        return static_cast<std::uint8_t>(rig_.memory().bytes(address, 1)[0]);
    }
};

bool ConsoleRestart::begin_turn_on(unsigned index) {
    Cpu &cpu = rig_.cpu(index);
    take_mail(svm::Vcpu(cpu.console));
    return cpu.console.vcpu_state == VMNIX_VCPU_RUNNING;
}

TEST_F(ConsoleRestart, WithoutVmsNothingEndsButByOrder) {
    register_package();
    expect_error(end(VMNIX_END_PANIC), VMNIX_HC_EBUSY);
    expect_error(end(VMNIX_END_RESTART), VMNIX_HC_EBUSY);
    EXPECT_EQ(g_vmm.console_life.state, VMNIX_CONSOLE_RUNS);
    EXPECT_EQ(end(VMNIX_END_ORDER).error, 0u);
    EXPECT_EQ(g_vmm.console_life.state, VMNIX_CONSOLE_STOPS);
}

TEST_F(ConsoleRestart, OnlyWhatAKernelCanTell) {
    for (unsigned why : {0u, 6u, 9u, 100u})
        expect_error(call(VMNIX_HC_CONSOLE_END, why), VMNIX_HC_EINVAL);
    expect_error(call(VMNIX_HC_CONSOLE_END, VMNIX_END_PANIC, kPage, VMNIX_END_TEXT + 1), VMNIX_HC_EINVAL);
    expect_error(call(VMNIX_HC_CONSOLE_END, VMNIX_END_PANIC, kPage + kPageSize - 4, 8), VMNIX_HC_EINVAL);
    expect_error(call(VMNIX_HC_CONSOLE_END, VMNIX_END_PANIC, Rig::kArena.begin.raw(), 8), VMNIX_HC_EFAULT);
}

TEST_F(ConsoleRestart, TheNextOneBeginsFromThePackage) {
    register_package();
    const Vm &vm = make(config());
    EXPECT_EQ(call(VMNIX_HC_EVENT, 0x40, 1).error, 0u);
    EXPECT_EQ(end(VMNIX_END_PANIC, "not syncing").error, 0u);
    const World *const entered = let_go();

    ASSERT_EQ(entered, &rig_.cpu(0).console);
    EXPECT_EQ(vmcb(0).save.rip, kEntry);
    EXPECT_EQ(rig_.cpu(1).console.vcpu_state, VMNIX_VCPU_WAIT_FOR_SIPI);
    EXPECT_EQ(g_vmm.event_target, 0u);
    EXPECT_FALSE(g_vmm.console_life.can_leave);
    EXPECT_EQ(byte_at(kRoom), 0x10);
    EXPECT_EQ(byte_at(kRoom + 2 * kPageSize - 1), 0x11);
    EXPECT_EQ(byte_at(kLow + kPageSize), 0x13);
    EXPECT_NE(byte_at(kLow + kPageSize + kPageSize / 2), 0x13); // no more than the segment
    const vmnix_console_info told = console_info();
    EXPECT_EQ(told.generation, 1u);
    EXPECT_EQ(told.last_end, unsigned{VMNIX_END_PANIC});
    EXPECT_STREQ(told.last_text, "not syncing");
    EXPECT_EQ(told.state, unsigned{VMNIX_CONSOLE_RUNS});
    EXPECT_EQ(told.restarts_left, 4u);
    EXPECT_EQ(vm.state, VMNIX_VM_STATE_CREATED);
}

// The kernel that unpacks itself, and none before.
TEST_F(ConsoleRestart, TheWatchdogIsPatientWithOneThatBoots) {
    register_package();
    (void)make(config());
    EXPECT_EQ(g_vmm.console_life.boots_until, 0u);
    EXPECT_EQ(end(VMNIX_END_PANIC).error, 0u);
    ASSERT_EQ(let_go(), &rig_.cpu(0).console);
    EXPECT_EQ(g_vmm.console_life.boots_until,
              console_info().started_tsc + std::uint64_t{60000} * g_vmm.handover->tsc_khz);
}

TEST_F(ConsoleRestart, TheMapNamesAllThatIsNotTheConsoles) {
    register_package();
    (void)make(config());
    EXPECT_EQ(end(VMNIX_END_RESTART).error, 0u);
    ASSERT_EQ(let_go(), &rig_.cpu(0).console);
    vmnix_boot_map map;
    std::memcpy(&map, rig_.memory().bytes(kMap, sizeof(map)).data(), sizeof(map));
    EXPECT_EQ(map.magic, VMNIX_BOOT_MAP_MAGIC);
    EXPECT_EQ(map.generation, 1u);
    ASSERT_EQ(map.count, 2u);
    std::array<vmnix_boot_range, 2> range;
    std::memcpy(range.data(), rig_.memory().bytes(kMap + sizeof(map), sizeof(range)).data(), sizeof(range));
    EXPECT_EQ(range[0].base, Rig::kArena.begin.raw());
    EXPECT_EQ(range[0].size, Rig::kArena.size);
    EXPECT_EQ(range[1].base, spare(0));
    EXPECT_EQ(range[1].size, g_vmm.ram.pieces().pieces(Owner::Vm) * PieceMap::kSize +
                                 (g_vmm.ram.pieces().pieces(Owner::Free) + g_vmm.ram.pieces().pieces(Owner::Frames) +
                                  g_vmm.ram.pieces().pieces(Owner::Package)) *
                                     PieceMap::kSize);
}

TEST_F(ConsoleRestart, WithoutAPackageItIsHeldUntilTheOperatorSays) {
    (void)make(config());
    EXPECT_EQ(end(VMNIX_END_PANIC).error, 0u);
    expect_held();
    std::string said;
    for (const Hardware::PortWrite &write : rig_.hardware(0).port_writes)
        if (write.port == 0x3f8)
            said += static_cast<char>(write.value);
    EXPECT_NE(said.find("r: restart it, h: reset the host"), std::string::npos) << said;
}

TEST_F(ConsoleRestart, TheRoomIsNobodyElses) {
    register_package();
    expect_error(call(VMNIX_HC_GIVE, kRoom), VMNIX_HC_EFAULT);
    expect_error(call(VMNIX_HC_GIVE, kRoom + 2 * kMega), VMNIX_HC_EFAULT);
    EXPECT_EQ(call(VMNIX_HC_GIVE, kRoom + 4 * kMega).error, 0u);
    EXPECT_EQ(call(VMNIX_HC_PACKAGE_DROP).error, 0u);
    expect_error(call(VMNIX_HC_PACKAGE_DROP), VMNIX_HC_ENOENT);
    EXPECT_EQ(call(VMNIX_HC_GIVE, kRoom).error, 0u);
}

TEST_F(ConsoleRestart, PackagesThatContradictThemselves) {
    const auto refused = [&](auto change, unsigned error) {
        vmnix_package p = package();
        change(p);
        return begin_package(p).error == error;
    };
    using P = vmnix_package;
    EXPECT_TRUE(refused([](P &p) { p.segment_count = 0; }, VMNIX_HC_EINVAL));
    EXPECT_TRUE(refused([](P &p) { p.segment_count = VMNIX_PACKAGE_SEGMENTS + 1; }, VMNIX_HC_EINVAL));
    EXPECT_TRUE(refused([](P &p) { p.bytes += kPageSize; }, VMNIX_HC_EINVAL));
    EXPECT_TRUE(refused([](P &p) { p.segment[1].offset = kPageSize; }, VMNIX_HC_EINVAL));
    EXPECT_TRUE(refused([](P &p) { p.segment[0].bytes = ~0ull; }, VMNIX_HC_EINVAL));
    EXPECT_TRUE(refused([](P &p) { p.segment[0].to = kRoom + 4 * kMega - kPageSize; }, VMNIX_HC_EINVAL));
    EXPECT_TRUE(refused([](P &p) { p.segment[1].to = 0xa0000; }, VMNIX_HC_EFAULT));
    EXPECT_TRUE(refused([](P &p) { p.room_base += kPageSize; }, VMNIX_HC_EINVAL));
    EXPECT_TRUE(refused([](P &p) { p.room_bytes = 1ull << 40; }, VMNIX_HC_EINVAL));
    EXPECT_TRUE(refused([](P &p) { p.room_bytes = 32 * kMega; }, VMNIX_HC_EEXIST)); // the arena lies there
    EXPECT_TRUE(refused([](P &p) { p.map_bytes = 100; }, VMNIX_HC_EINVAL));
    EXPECT_TRUE(refused([](P &p) { p.map_at = 0xb8000; }, VMNIX_HC_EFAULT));
    EXPECT_TRUE(refused([](P &p) { p.text[255] = 'x'; }, VMNIX_HC_EINVAL));
    EXPECT_EQ(begin_package(package()).error, 0u);
}

TEST_F(ConsoleRestart, BytesThatAreNotThoseOfTheChecksum) {
    vmnix_package wrong = package();
    wrong.checksum++;
    ASSERT_EQ(begin_package(wrong).error, 0u);
    expect_error(write_page(1), VMNIX_HC_EINVAL); // not in order
    for (unsigned i = 0; i < 4; i++)
        EXPECT_EQ(write_page(i).error, 0u);
    expect_error(write_page(4), VMNIX_HC_EINVAL);
    expect_error(call(VMNIX_HC_PACKAGE_SEAL), VMNIX_HC_EINVAL);
    EXPECT_EQ(console_info().package_bytes, 0u);
}

TEST_F(ConsoleRestart, ADecayedPackageIsNotStarted) {
    register_package();
    (void)make(config());
    ConsolePackages &packages = g_vmm.memory.unguarded();
    const_cast<std::byte *>(packages.registered.page(kPageSize))[7] ^= std::byte{1};
    EXPECT_EQ(end(VMNIX_END_PANIC).error, 0u);
    expect_held();
    EXPECT_EQ(g_vmm.console_life.generation, 0u);
    EXPECT_NE(rig_.log().find("decayed"), std::string::npos);
}

TEST_F(ConsoleRestart, AConsoleThatLaunchedDoesNotAttach) {
    vmnix_attach attach{.size = sizeof(attach), .handover_abi = VMNIX_HANDOVER_ABI};
    expect_error(call(VMNIX_HC_ATTACH, at_arguments(attach), sizeof(attach)), VMNIX_HC_EBUSY);
}

// A restarted one may be anybody's: the VMM's tables get that address, and it jumps there.
TEST_F(ConsoleRestart, AStubThatIsNoPageIsRefused) {
    g_vmm.console_life.generation = 1;
    g_vmm.console_life.can_leave = false;
    constexpr std::uint64_t kVa = 0xffff'ffff'c000'1000;
    const vmnix_attach sound{.size = sizeof(vmnix_attach),
                             .handover_abi = VMNIX_HANDOVER_ABI,
                             .stub_pa = 0x400000,
                             .stub_va = kVa,
                             .stub_leave = kVa + 0x100,
                             .stub_resume = kVa + 0x200,
                             .stub_vmx_left = kVa + 0x300};
    const auto expect_refused = [&](auto change) {
        vmnix_attach attach = sound;
        change(attach);
        expect_error(call(VMNIX_HC_ATTACH, at_arguments(attach), sizeof(attach)), VMNIX_HC_EINVAL);
        EXPECT_FALSE(g_vmm.console_life.can_leave);
    };
    expect_refused([](vmnix_attach &a) { a.stub_va++, a.stub_leave++, a.stub_resume++, a.stub_vmx_left++; });
    expect_refused([](vmnix_attach &a) {
        for (std::uint64_t *address : {&a.stub_va, &a.stub_leave, &a.stub_resume, &a.stub_vmx_left})
            *address &= ~0ull >> 16;
    });
    expect_refused([](vmnix_attach &a) { a.stub_leave += kPageSize; });
    expect_refused([](vmnix_attach &a) { a.stub_resume = kVa - 1; });
    expect_refused([](vmnix_attach &a) { a.stub_vmx_left = 0; });
}

} // namespace
} // namespace vmm::test
