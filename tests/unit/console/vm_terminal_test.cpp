// SPDX-License-Identifier: GPL-2.0-only
// `vmnix console` on a terminal: a child of this process has the one end of a pseudo terminal, the test the other.
#include "console/vm/console/console_session.hpp"

#include <chrono>
#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <termios.h>
#include <utmp.h>

#include "console/base/fd_output.hpp"
#include "tests/unit/console/vm_rig.hpp"

using namespace console;

namespace {

// The guest answers each key with itself in brackets, and ends with '!'.
void answer(test::FakeVms &vms) {
    test::FakeVm &web = vms.named("web");
    for (const char key : std::exchange(web.input, {})) {
        web.output += std::string("[") + key + "]";
        ++vms.events;
        if (key == '!')
            vms.end(web, VMNIX_VM_POWERED_OFF);
    }
}

[[noreturn]] void child() {
    test::VmRig rig;
    rig.vms().add("web").output = "ready";
    rig.vms().on_wait = [&](std::uint32_t) { ::usleep(2000), answer(rig.vms()); };
    FdOutput out(STDOUT_FILENO, "the terminal"), err(STDERR_FILENO, "the terminal");
    Environment environment{{}, out, err, rig.environment.open_device, {}, {}};
    const char *argv[] = {"vmnix", "console", "web", nullptr};
    std::_Exit(static_cast<int>(run(3, argv, environment)));
}

class ConsoleOnTerminal : public testing::Test {
  protected:
    void SetUp() override {
        seen_.clear();
        int slave = -1;
        ASSERT_EQ(::openpty(&master_, &slave, nullptr, nullptr, nullptr), 0);
        slave_ = slave; // kept open, so that the terminal outlives the child
        ASSERT_EQ(::tcgetattr(slave_, &before_), 0);
        pid_ = ::fork();
        if (pid_ == 0) {
            ::close(master_);
            ::login_tty(slave);
            child();
        }
        ASSERT_GT(pid_, 0);
        ASSERT_TRUE(see("ready"));
    }
    void TearDown() override {
        if (pid_ > 0)
            ::kill(pid_, SIGKILL);
        ::close(master_);
        ::close(slave_);
    }
    // Reads until the text has come; false when it does not within ten seconds.
    bool see(const std::string &text) {
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        while (seen_.find(text) == seen_.npos) {
            pollfd ready{master_, POLLIN, 0};
            if (std::chrono::steady_clock::now() > end || ::poll(&ready, 1, 1000) < 0)
                return false;
            char chunk[4096];
            if (ready.revents & POLLIN)
                if (const ssize_t got = ::read(master_, chunk, sizeof chunk); got > 0)
                    seen_.append(chunk, static_cast<std::size_t>(got));
        }
        return true;
    }
    void press(const std::string &keys) { ASSERT_EQ(::write(master_, keys.data(), keys.size()), ssize_t(keys.size())); }
    int exit_code() {
        int status = 0;
        ::waitpid(pid_, &status, 0);
        pid_ = 0;
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }
    void expect_terminal_as_before() {
        termios now{};
        ASSERT_EQ(::tcgetattr(slave_, &now), 0);
        EXPECT_EQ(now.c_lflag, before_.c_lflag);
        EXPECT_EQ(now.c_iflag, before_.c_iflag);
        EXPECT_EQ(now.c_oflag, before_.c_oflag);
    }

    int master_ = -1, slave_ = -1;
    pid_t pid_ = 0;
    termios before_{};
    std::string seen_;
};

} // namespace

TEST_F(ConsoleOnTerminal, KeysGoToTheVmAndTheLeavingKeyLeaves) {
    press("a");
    ASSERT_TRUE(see("[a]"));
    press("\x03"); // no interrupt of this program
    ASSERT_TRUE(see("[\x03]"));
    press("\x1d");
    EXPECT_EQ(exit_code(), 0);
    expect_terminal_as_before();
    EXPECT_EQ(seen_.find("readya"), seen_.npos); // no echo
}

TEST_F(ConsoleOnTerminal, TheEndOfTheVmGivesTheTerminalBack) {
    press("!");
    ASSERT_TRUE(see("web has ended: powered off"));
    EXPECT_EQ(exit_code(), 0);
    expect_terminal_as_before();
}

TEST_F(ConsoleOnTerminal, SignalsGiveTheTerminalBack) {
    for (const int signal : {SIGTERM, SIGHUP}) {
        ::kill(pid_, signal);
        EXPECT_EQ(exit_code(), 0);
        expect_terminal_as_before();
        TearDown();
        SetUp();
    }
}

TEST_F(ConsoleOnTerminal, StopAndContinue) {
    ::kill(pid_, SIGTSTP);
    int status = 0;
    ASSERT_EQ(::waitpid(pid_, &status, WUNTRACED), pid_);
    EXPECT_TRUE(WIFSTOPPED(status));
    expect_terminal_as_before();
    ::kill(pid_, SIGCONT);
    press("b");
    ASSERT_TRUE(see("[b]"));
    press("\x1d");
    EXPECT_EQ(exit_code(), 0);
    expect_terminal_as_before();
}
