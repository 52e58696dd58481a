// SPDX-License-Identifier: GPL-2.0-only
#include "console/vm/console/console_command.hpp"

#include <csignal>
#include <unistd.h>
#include <utility>

#include "tests/unit/console/vm_rig.hpp"

using namespace console;
using test::FakeVm;
using test::VmRig;
using testing::HasSubstr;

namespace {

// A console whose input is a pipe.
struct PipeRig : VmRig {
    PipeRig() {
        EXPECT_EQ(::pipe(ends), 0);
        environment.input = ends[0];
        environment.monotonic = monotonic_seconds;
        vms().on_wait = [this](std::uint32_t) { ::usleep(1000), act(); };
    }
    ~PipeRig() {
        ::close(ends[0]);
        close_input();
    }
    void type(const std::string &text) { ASSERT_EQ(::write(ends[1], text.data(), text.size()), ssize_t(text.size())); }
    void close_input() {
        if (ends[1] >= 0)
            ::close(ends[1]);
        ends[1] = -1;
    }
    int ends[2];
    std::function<void()> act = [] {}; // what the guest does, with the fake's lock held
};

} // namespace

TEST(VmConsole, PrintsWhatWasKeptAndWhatComesUntilTheEnd) {
    PipeRig rig;
    rig.close_input();
    FakeVm &web = rig.vms().add("web");
    web.output = "kept output\n";
    unsigned turns = 0;
    rig.act = [&] {
        if (++turns == 3) {
            web.output += "more\nlast";
            rig.vms().end(web, VMNIX_VM_POWERED_OFF);
        }
    };
    EXPECT_EQ(rig.command({"console", "web"}), ExitCode::Ok);
    EXPECT_EQ(rig.out.text, "kept output\nmore\nlast");
    EXPECT_EQ(rig.err.text, "vmnix: web has ended: powered off\n");
}

TEST(VmConsole, PassesOnEveryByteOfAPipe) {
    PipeRig rig;
    FakeVm &web = rig.vms().add("web");
    const std::string text = "uname\n\x1d\x03\x00 end"; // no key means anything in a pipe
    rig.type(text);
    rig.close_input();
    rig.act = [&] {
        if (web.input == text && web.info.state == VMNIX_VM_STATE_RUNNING)
            rig.vms().end(web, VMNIX_VM_REBOOTED);
    };
    EXPECT_EQ(rig.command({"console", "web"}), ExitCode::Ok);
    EXPECT_EQ(web.input, text);
    EXPECT_THAT(rig.err.text, HasSubstr("'vmnix reset web' starts it again"));
}

TEST(VmConsole, AFullUartGetsTheRestLater) {
    PipeRig rig;
    FakeVm &web = rig.vms().add("web");
    web.uart_room = 4;
    rig.type("0123456789");
    rig.act = [&] {
        if (web.uart_room == 0)
            web.uart_room = 3;
        if (web.input == "0123456789" && web.info.state == VMNIX_VM_STATE_RUNNING)
            rig.vms().end(web, VMNIX_VM_POWERED_OFF);
    };
    EXPECT_EQ(rig.command({"console", "web"}), ExitCode::Ok);
    EXPECT_EQ(web.input, "0123456789");
}

TEST(VmConsole, ATimeoutLeavesTheVmAlone) {
    PipeRig rig;
    FakeVm &web = rig.vms().add("web");
    web.output = "hello";
    rig.close_input();
    EXPECT_EQ(rig.command({"console", "web", "--timeout", "0.3"}), ExitCode::TimedOut);
    EXPECT_EQ(rig.out.text, "hello");
    EXPECT_EQ(web.info.state, std::uint32_t{VMNIX_VM_STATE_RUNNING});
}

TEST(VmConsole, AVmThatIsRemovedAtItsEndHasEnded) {
    PipeRig rig;
    FakeVm &web = rig.vms().add("web");
    web.config.flags = VMNIX_VM_AUTO_REMOVE;
    rig.act = [&] {
        if (rig.vms().has("web"))
            rig.vms().end(web, VMNIX_VM_POWERED_OFF);
    };
    EXPECT_EQ(rig.command({"console", "web"}), ExitCode::Ok);
    EXPECT_THAT(rig.err.text, HasSubstr("web has ended and was removed"));
}

TEST(VmConsole, TerminationLeavesIt) {
    PipeRig rig;
    FakeVm &web = rig.vms().add("web");
    bool sent = false; // a second one would come when nobody catches it any more
    rig.act = [&] {
        if (!std::exchange(sent, true))
            ::kill(::getpid(), SIGTERM);
    };
    EXPECT_EQ(rig.command({"console", "web"}), ExitCode::Ok);
    EXPECT_EQ(web.info.state, std::uint32_t{VMNIX_VM_STATE_RUNNING});
}

TEST(VmConsole, RunCanShowItAtOnce) {
    PipeRig rig;
    rig.close_input();
    rig.vms().on_start = [&](FakeVm &vm) {
        vm.output = "booting\n";
        rig.vms().end(vm, VMNIX_VM_POWERED_OFF);
    };
    EXPECT_EQ(rig.command({"run", "--name", "web", "--kernel", rig.kernel(), "--console"}), ExitCode::Ok);
    EXPECT_EQ(rig.out.text, "booting\n");
}

TEST(VmConsole, RunOfAVmThatIsGoneAtOnce) {
    PipeRig rig;
    rig.vms().on_start = [&](FakeVm &vm) { rig.vms().end(vm, VMNIX_VM_POWERED_OFF); };
    EXPECT_EQ(rig.command({"run", "--name", "web", "--kernel", rig.kernel(), "--console", "--rm"}), ExitCode::Ok);
    EXPECT_THAT(rig.err.text, HasSubstr("web has ended and was removed"));
}

TEST(VmLogs, PrintsWhatIsKept) {
    VmRig rig;
    FakeVm &web = rig.vms().add("web");
    web.lost = 1000;
    web.output = "one\r\n\x1b[31mtwo";
    EXPECT_EQ(rig.command({"logs", "web"}), ExitCode::Ok);
    EXPECT_EQ(rig.out.text, "one\r\n\x1b[31mtwo");
    rig.out.terminal = true;
    EXPECT_EQ(rig.command({"logs", "web"}), ExitCode::Ok);
    EXPECT_EQ(rig.out.text, "one\n\\x1b[31mtwo");
    EXPECT_EQ(rig.command({"logs", "web", "--json"}), ExitCode::Ok);
    EXPECT_EQ(rig.out.text, "{\"text\":\"one\"}\n{\"text\":\"\\u001b[31mtwo\"}\n");
}

TEST(VmLogs, FollowGoesOnUntilTheEnd) {
    VmRig rig;
    FakeVm &web = rig.vms().add("web");
    web.output = "one\n";
    unsigned turns = 0;
    rig.vms().on_wait = [&](std::uint32_t) {
        if (++turns == 2) {
            web.output += "two\n";
            rig.vms().end(web, VMNIX_VM_CRASHED);
        }
    };
    EXPECT_EQ(rig.command({"logs", "-f", "web"}), ExitCode::Ok);
    EXPECT_EQ(rig.out.text, "one\ntwo\n");
}
