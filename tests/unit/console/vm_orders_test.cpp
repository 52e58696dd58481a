// SPDX-License-Identifier: GPL-2.0-only
#include "console/vm/orders/order_command.hpp"

#include "tests/unit/console/vm_rig.hpp"

using namespace console;
using test::FakeVm;
using test::VmRig;
using testing::HasSubstr;
using testing::Not;

TEST(VmOrders, PauseResumeKill) {
    VmRig rig;
    FakeVm &web = rig.vms().add("web");
    EXPECT_EQ(rig.command({"pause", "web"}), ExitCode::Ok);
    EXPECT_EQ(rig.out.text, "web: paused\n");
    EXPECT_EQ(web.info.state, std::uint32_t{VMNIX_VM_STATE_PAUSED});
    EXPECT_EQ(rig.command({"resume", "web"}), ExitCode::Ok);
    EXPECT_EQ(web.info.state, std::uint32_t{VMNIX_VM_STATE_RUNNING});
    EXPECT_EQ(rig.command({"destroy", "web"}), ExitCode::Ok);
    EXPECT_EQ(web.info.ending, std::uint32_t{VMNIX_VM_KILLED});
}

TEST(VmOrders, TheWrongStateIsNamedWithAWayOut) {
    VmRig rig;
    rig.vms().add("web");
    rig.vms().end(rig.vms().add("old"), VMNIX_VM_POWERED_OFF);
    EXPECT_EQ(rig.command({"resume", "web"}), ExitCode::WrongState);
    EXPECT_THAT(rig.err.text, HasSubstr("web cannot be resumed: it runs\n"));
    EXPECT_EQ(rig.command({"kill", "old"}), ExitCode::WrongState);
    EXPECT_THAT(rig.err.text, HasSubstr("old cannot be killed: it has ended (powered off)\n"));
    EXPECT_THAT(rig.err.text, HasSubstr("vmnix reset old"));
}

TEST(VmOrders, SeveralNamesEachGetTheirTurn) {
    VmRig rig;
    rig.vms().add("a");
    rig.vms().add("c");
    EXPECT_EQ(rig.command({"kill", "a", "b", "c"}), ExitCode::NotFound);
    EXPECT_EQ(rig.out.text, "a: killed\nc: killed\n");
    EXPECT_THAT(rig.err.text, HasSubstr("there is no VM 'b'"));
    EXPECT_EQ(rig.command({"kill", "a", "b", "--json"}), ExitCode::WrongState);
    EXPECT_EQ(rig.json()["vms"][0]["exit_code"], 6);
    EXPECT_EQ(rig.json()["vms"][1]["exit_code"], 5);
}

TEST(VmOrders, ABusyVmIsAskedAgain) {
    VmRig rig;
    rig.vms().add("web");
    rig.vms().busy = 3; // its CPUs are still to leave it
    EXPECT_EQ(rig.command({"rm", "--force", "web"}), ExitCode::Ok) << rig.err.text;
    EXPECT_FALSE(rig.vms().has("web"));
    rig.vms().add("db");
    rig.vms().busy = 1000;
    EXPECT_EQ(rig.command({"kill", "db"}), ExitCode::TimedOut);
    EXPECT_THAT(rig.err.text, HasSubstr("db did not come to rest"));
}

TEST(VmOrders, RemovingNeedsAnEndOrForce) {
    VmRig rig;
    rig.vms().add("web");
    EXPECT_EQ(rig.command({"rm", "web"}), ExitCode::WrongState);
    EXPECT_THAT(rig.err.text, HasSubstr("web is not removed: it runs"));
    ASSERT_TRUE(rig.vms().has("web"));
    EXPECT_EQ(rig.command({"rm", "--force", "web"}), ExitCode::Ok);
    EXPECT_EQ(rig.out.text, "web: killed and removed\n");
    EXPECT_FALSE(rig.vms().has("web"));
    rig.vms().end(rig.vms().add("old"), VMNIX_VM_POWERED_OFF);
    EXPECT_EQ(rig.command({"rm", "old"}), ExitCode::Ok);
    EXPECT_EQ(rig.out.text, "old: removed\n");
}

TEST(VmOrders, AVmThatTheVmmRemovesIsNoMistake) {
    VmRig rig;
    rig.vms().add("web").config.flags = VMNIX_VM_AUTO_REMOVE;
    EXPECT_EQ(rig.command({"rm", "-f", "web"}), ExitCode::Ok);
    EXPECT_EQ(rig.out.text, "web: killed and removed\n");
}

TEST(VmReset, ReadsTheFilesAgain) {
    VmRig rig;
    ASSERT_EQ(rig.command({"run", "--name", "web", "--kernel", rig.kernel(), "--append", "quiet", "--memory", "9M"}),
              ExitCode::Ok);
    FakeVm &web = rig.vms().named("web");
    rig.vms().end(web, VMNIX_VM_REBOOTED);
    ASSERT_EQ(rig.command({"reset", "web"}), ExitCode::Ok) << rig.err.text;
    EXPECT_EQ(rig.loaded.size(), 2u);
    EXPECT_EQ(rig.loaded[1].append, "quiet");
    EXPECT_EQ(rig.loaded[1].memory, 10u << 20);
    EXPECT_EQ(web.orders, std::vector{VMNIX_VM_RESET});
    EXPECT_EQ(web.writes.at(0x1000), "ab");
    EXPECT_EQ(web.info.state, std::uint32_t{VMNIX_VM_STATE_RUNNING});
}

TEST(VmReset, ClearsTheRestOfTheMemory) {
    VmRig rig;
    ASSERT_EQ(rig.command({"run", "--name", "web", "--kernel", rig.kernel(), "--memory", "16M"}), ExitCode::Ok);
    ASSERT_EQ(rig.command({"reset", "web"}), ExitCode::Ok) << rig.err.text;
    std::uint64_t end = 0;
    for (const auto &[to, bytes] : rig.vms().named("web").writes) { // ascending
        EXPECT_EQ(to, end);
        end = to + bytes.size();
        const bool of_the_image = to == 0x1000 || (to >= 0x200000 && to <= 0x600000);
        EXPECT_TRUE(of_the_image || bytes.find_first_not_of('\0') == bytes.npos);
    }
    EXPECT_EQ(end, std::uint64_t{16 << 20});
}

TEST(VmReset, AMissingFileChangesNothing) {
    VmRig rig;
    ASSERT_EQ(rig.command({"run", "--name", "web", "--kernel", rig.kernel()}), ExitCode::Ok);
    rig.root.remove("/kernel");
    EXPECT_EQ(rig.command({"reset", "web"}), ExitCode::Failure);
    EXPECT_TRUE(rig.vms().named("web").orders.empty());
    EXPECT_EQ(rig.vms().named("web").info.state, std::uint32_t{VMNIX_VM_STATE_RUNNING});
}

TEST(VmReset, AHalfDoneOneCanBeRepeated) {
    VmRig rig;
    ASSERT_EQ(rig.command({"run", "--name", "web", "--kernel", rig.kernel()}), ExitCode::Ok);
    rig.vms().start_answer = VmAnswer::Invalid;
    EXPECT_EQ(rig.command({"reset", "web"}), ExitCode::Failure);
    ASSERT_TRUE(rig.vms().has("web"));
    rig.vms().start_answer = VmAnswer::Ok;
    EXPECT_EQ(rig.command({"reset", "web"}), ExitCode::Ok);
    EXPECT_EQ(rig.vms().named("web").info.state, std::uint32_t{VMNIX_VM_STATE_RUNNING});
}

TEST(VmReset, AVmOfAnotherToolIsRefused) {
    VmRig rig;
    rig.vms().add("web");
    EXPECT_EQ(rig.command({"reset", "web"}), ExitCode::Refused);
}

TEST(VmStop, PressesAllButtonsAndWaits) {
    VmRig rig;
    rig.vms().add("a");
    rig.vms().add("b");
    rig.vms().on_wait = [&](std::uint32_t ms) {
        rig.now += ms / 1000.0;
        for (const char *name : {"a", "b"}) {
            EXPECT_EQ(rig.vms().named(name).orders, std::vector{VMNIX_VM_POWER_BUTTON}); // before any waiting
            if (rig.now > (*name == 'a' ? 105 : 103) && rig.vms().named(name).info.state == VMNIX_VM_STATE_RUNNING)
                rig.vms().end(rig.vms().named(name), VMNIX_VM_POWERED_OFF);
        }
    };
    EXPECT_EQ(rig.command({"stop", "a", "b"}), ExitCode::Ok);
    EXPECT_EQ(rig.out.text, "b: powered off\na: powered off\n");
    EXPECT_LT(rig.now, 110);
}

TEST(VmStop, NeverKillsSilently) {
    VmRig rig;
    FakeVm &web = rig.vms().add("web");
    EXPECT_EQ(rig.command({"shutdown", "--timeout", "5s", "web"}), ExitCode::TimedOut);
    EXPECT_THAT(rig.err.text, HasSubstr("web has not ended within 5.0 s; it goes on"));
    EXPECT_EQ(web.info.state, std::uint32_t{VMNIX_VM_STATE_RUNNING});
    EXPECT_EQ(web.orders, std::vector{VMNIX_VM_POWER_BUTTON});
    EXPECT_NEAR(rig.now, 105, 0.1);
}

TEST(VmStop, KillsWhenAskedTo) {
    VmRig rig;
    rig.vms().add("web");
    EXPECT_EQ(rig.command({"stop", "-t", "1m", "--kill", "web"}), ExitCode::Ok);
    EXPECT_EQ(rig.out.text, "web: killed, as it had not ended within 1 min 0 s\n");
    EXPECT_NEAR(rig.now, 160, 0.5);
}

TEST(VmStop, OneThatIsRemovedAtItsEndHasEnded) {
    VmRig rig;
    rig.vms().add("web").config.flags = VMNIX_VM_AUTO_REMOVE;
    rig.vms().on_power_button = [&](FakeVm &vm) { rig.vms().end(vm, VMNIX_VM_POWERED_OFF); };
    EXPECT_EQ(rig.command({"stop", "web"}), ExitCode::Ok);
    EXPECT_EQ(rig.out.text, "web: ended and removed\n");
}

TEST(VmStop, APausedVmIsRefusedAndOthersAreNot) {
    VmRig rig;
    rig.vms().add("web", VMNIX_VM_STATE_PAUSED);
    rig.vms().add("db");
    rig.vms().on_power_button = [&](FakeVm &vm) { rig.vms().end(vm, VMNIX_VM_POWERED_OFF); };
    EXPECT_EQ(rig.command({"stop", "web", "db", "--json"}), ExitCode::WrongState);
    EXPECT_EQ(rig.json()["vms"][0]["exit_code"], 6);
    EXPECT_EQ(rig.json()["vms"][1]["done"], true);
    EXPECT_THAT(rig.err.text, HasSubstr("vmnix resume web"));
}

TEST(VmStop, ProgressIsForTerminals) {
    VmRig rig;
    rig.vms().add("web");
    EXPECT_EQ(rig.command({"stop", "-t", "2", "web"}), ExitCode::TimedOut);
    EXPECT_THAT(rig.err.text, Not(HasSubstr("waiting")));
    rig.err.terminal = true;
    EXPECT_EQ(rig.command({"stop", "-t", "2", "web"}), ExitCode::TimedOut);
    EXPECT_THAT(rig.err.text, HasSubstr("\rwaiting for web: 2 s of 2 s left"));
}

TEST(VmStop, TimesAreRead) {
    VmRig rig;
    for (const char *text : {"soon", "-1", "", "1d", "9999h"}) {
        EXPECT_EQ(rig.command({"stop", "--timeout=" + std::string(text), "web"}), ExitCode::Usage) << text;
    }
}
