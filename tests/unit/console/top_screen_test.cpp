// SPDX-License-Identifier: GPL-2.0-only
// `vmnix top` on a terminal: a child of this process has the one end of a pseudo terminal, the test the other.
#include "console/top/top_screen.hpp"

#include <chrono>
#include <gmock/gmock.h>
#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <termios.h>
#include <utmp.h>

#include "console/app/run.hpp"
#include "console/base/fd_output.hpp"
#include "tests/unit/console/fakes.hpp"

using namespace console;
using testing::HasSubstr;

namespace {

constexpr const char *enter = "\x1b[?1049h";
constexpr const char *leave = "\x1b[?1049l";

[[noreturn]] void child() {
    ::setenv("TERM", "dumb", 1);
    test::Rig rig;
    FdOutput out(STDOUT_FILENO, "the terminal");
    Environment environment{{}, out, rig.err, rig.environment.open_device, {}, {}};
    const char *argv[] = {"vmnix", "top", "-d", "0.1", nullptr};
    std::_Exit(static_cast<int>(run(4, argv, environment)));
}

class TopOnTerminal : public testing::Test {
  protected:
    void SetUp() override {
        winsize size{24, 80, 0, 0};
        int slave = -1;
        ASSERT_EQ(::openpty(&master_, &slave, nullptr, nullptr, &size), 0);
        slave_ = slave; // kept open, so that the terminal outlives the child
        ASSERT_EQ(::tcgetattr(slave_, &before_), 0);
        pid_ = ::fork();
        if (pid_ == 0) {
            ::close(master_);
            ::login_tty(slave);
            child();
        }
        ASSERT_GT(pid_, 0); // signals go to it, and to -1 would go to everybody
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
    void forget() { seen_.clear(); }
    void forget_before(const std::string &text) { seen_.erase(0, seen_.find(text)); }
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
        EXPECT_EQ(now.c_cc[VMIN], before_.c_cc[VMIN]);
    }

    int master_ = -1, slave_ = -1;
    pid_t pid_ = 0;
    termios before_{};
    std::string seen_;
};

} // namespace

TEST_F(TopOnTerminal, QuitsAndLeavesTheLastTable) {
    ASSERT_TRUE(see(enter));
    ASSERT_TRUE(see("vCPU"));
    press("q");
    ASSERT_TRUE(see(leave));
    forget_before(leave);
    ASSERT_TRUE(see("\nall"));
    EXPECT_EQ(exit_code(), 0);
    expect_terminal_as_before();
}

TEST_F(TopOnTerminal, TerminationGivesTheTerminalBack) {
    ASSERT_TRUE(see("vCPU"));
    ::kill(pid_, SIGTERM);
    ASSERT_TRUE(see(leave));
    EXPECT_EQ(exit_code(), 0);
    expect_terminal_as_before();
}

TEST_F(TopOnTerminal, InterruptGivesTheTerminalBack) {
    ASSERT_TRUE(see("vCPU"));
    press("\x03");
    ASSERT_TRUE(see(leave));
    EXPECT_EQ(exit_code(), 0);
    expect_terminal_as_before();
}

TEST_F(TopOnTerminal, StopAndContinue) {
    ASSERT_TRUE(see("vCPU"));
    press("\x1a");
    ASSERT_TRUE(see(leave));
    int status = 0;
    ASSERT_EQ(::waitpid(pid_, &status, WUNTRACED), pid_);
    EXPECT_TRUE(WIFSTOPPED(status));
    expect_terminal_as_before();
    forget_before(leave);
    ::kill(pid_, SIGCONT);
    ASSERT_TRUE(see(enter));
    ASSERT_TRUE(see("vCPU"));
    press("q");
    ASSERT_TRUE(see(leave));
    EXPECT_EQ(exit_code(), 0);
}

TEST_F(TopOnTerminal, FollowsTheSizeOfTheTerminal) {
    ASSERT_TRUE(see(" rest"));
    forget();
    winsize wide{24, 300, 0, 0};
    ASSERT_EQ(::ioctl(master_, TIOCSWINSZ, &wide), 0);
    ASSERT_TRUE(see("shutdown"));
    press("q");
    ASSERT_TRUE(see(leave));
    EXPECT_EQ(exit_code(), 0);
}
