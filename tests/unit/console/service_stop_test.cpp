// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/console/service_fixture.hpp"

using namespace console::test;
using testing::HasSubstr;
using testing::Not;

namespace {

class ServiceStop : public ServiceTest {};
INSTANTIATE_TEST_SUITE_P(Shells, ServiceStop, testing::Values("dash", "busybox sh"), [](const auto &shell) {
    return std::string(shell.param, std::string_view(shell.param).find(' ') == std::string_view::npos ? 4 : 7);
});

} // namespace

TEST_P(ServiceStop, UnloadsTheModule) {
    load_module("vmkmod", 0);
    const Result result = run("stop");
    EXPECT_EQ(result.code, 0);
    EXPECT_THAT(result.out, HasSubstr("bare machine"));
    EXPECT_EQ(calls(), "rmmod vmkmod\n");
}

TEST_P(ServiceStop, NothingToStopIsNoError) {
    EXPECT_EQ(run("stop").code, 0);
    EXPECT_EQ(calls(), "");
}

TEST_P(ServiceStop, AUserOfTheDeviceIsNamed) {
    load_module("vmkmod", 1);
    open_by(42, "vmnix", "/dev/vmnix");
    const Result result = run("stop");
    EXPECT_EQ(result.code, 1);
    EXPECT_THAT(result.err, HasSubstr("1 user(s): vmnix (42)"));
    EXPECT_EQ(calls(), "");
}

TEST_P(ServiceStop, AFailedUnloadSaysWhatTheKernelSays) {
    load_module("vmkmod", 0);
    root.write("/rmmod-error", "rmmod: ERROR: Module vmkmod is in use\n");
    root.write("/log", "[ 3.0] vmnix: still a guest, trying again\n");
    const Result result = run("stop");
    EXPECT_EQ(result.code, 1);
    EXPECT_THAT(result.err, HasSubstr("Module vmkmod is in use"));
    EXPECT_THAT(result.err, HasSubstr("still a guest"));
}

TEST_P(ServiceStop, RestartNeverStopsWhatIsInUse) {
    load_module("vmkmod", 1);
    const Result result = run("restart");
    EXPECT_EQ(result.code, 1);
    EXPECT_THAT(result.err, HasSubstr("a restart never stops a virtual machine"));
    EXPECT_EQ(calls(), "");
    EXPECT_EQ(run("force-reload").code, 1);
    EXPECT_EQ(run("try-restart").code, 1);
    EXPECT_EQ(calls(), "");
}

TEST_P(ServiceStop, RestartStopsAndStarts) {
    load_module("vmkmod", 0);
    EXPECT_EQ(run("restart").code, 0);
    EXPECT_THAT(calls(), testing::ContainsRegex("rmmod vmkmod\n(sync\n)*modprobe vmkmod\n"));
}

TEST_P(ServiceStop, RestartEndsWhenTheStopFails) {
    load_module("vmkmod", 0);
    root.write("/rmmod-error", "rmmod: no\n");
    EXPECT_EQ(run("restart").code, 1);
    EXPECT_THAT(calls(), Not(HasSubstr("modprobe")));
}

TEST_P(ServiceStop, TryRestartAndForceReloadStartNothing) {
    EXPECT_EQ(run("try-restart").code, 0);
    EXPECT_EQ(run("force-reload").code, 0);
    EXPECT_EQ(calls(), "");
    EXPECT_EQ(run("restart").code, 0);
    EXPECT_THAT(calls(), HasSubstr("modprobe vmkmod"));
}

TEST_P(ServiceStop, StatusHasTheExitCodesOfLsb) {
    EXPECT_EQ(run("status").code, 3);
    load_module("vmkmod", 2);
    const Result result = run("status");
    EXPECT_EQ(result.code, 0);
    EXPECT_THAT(result.out, HasSubstr("running (2 user(s)"));
}

TEST_P(ServiceStop, WrongUsage) {
    for (const char *arguments : {"", "begin", "start now", "start --forc"}) {
        const Result result = run(arguments);
        EXPECT_EQ(result.code, 2) << arguments;
        EXPECT_THAT(result.err, HasSubstr("usage: ")) << arguments;
    }
    EXPECT_EQ(run("reload").code, 3);
    EXPECT_EQ(run("--help").code, 0);
    EXPECT_EQ(calls(), "");
}

TEST_P(ServiceStop, TheInitScriptPassesEverythingOn) {
    EXPECT_EQ(run("status", "vmnix.init").code, 3);
    EXPECT_EQ(run("start --force", "vmnix.init").code, 0);
    EXPECT_EQ(run("status", "vmnix.init").code, 0);
    EXPECT_EQ(run("stop", "vmnix.init").code, 0);
    EXPECT_EQ(run("", "vmnix.init").code, 2);
    EXPECT_THAT(run("", "vmnix.init").err, HasSubstr("vmnix.init {start"));
}
