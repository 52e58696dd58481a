// SPDX-License-Identifier: GPL-2.0-only
#include "console/device/locate.hpp"

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <gmock/gmock.h>
#include <sys/stat.h>

using namespace console;
using testing::HasSubstr;

namespace {

struct Case {
    int error;
    Traces traces;
    ExitCode code;
    const char *cause, *remedy;
};

} // namespace

TEST(Locate, EveryReasonHasItsRemedy) {
    const Case cases[] = {
        {ENOENT, {false, false}, ExitCode::NotRunning, "not loaded", "/etc/init.d/vmnix start"},
        {ENODEV, {false, false}, ExitCode::NotRunning, "not loaded", "/etc/init.d/vmnix start"},
        {ENOENT, {true, false}, ExitCode::Failure, "/dev/vmnix is missing", "dmesg"},
        {ENOENT, {true, true}, ExitCode::Failure, "/dev/vmnix is missing", "dmesg"},
        {ENOENT, {false, true}, ExitCode::Failure, "module vmkmod is not loaded", "reboot"},
        {EACCES, {true, true}, ExitCode::Permission, "no permission", "root"},
        {EBUSY, {true, false}, ExitCode::Failure, "started or stopped", "again"},
        {EIO, {true, true}, ExitCode::Failure, "Input/output error", "dmesg"},
    };
    for (const Case &one : cases) {
        const Failure failure = explain_missing_device(one.error, one.traces);
        EXPECT_EQ(failure.code(), one.code) << one.cause;
        EXPECT_THAT(failure.cause(), HasSubstr(one.cause));
        EXPECT_THAT(failure.remedy(), HasSubstr(one.remedy));
    }
}

TEST(Locate, SeesTheModuleBelowTheRoot) {
    const std::filesystem::path root = testing::TempDir() + "locate";
    std::filesystem::create_directories(root / "sys/module/vmkmod");
    EXPECT_TRUE(look_for_vmm(root).module_loaded);
    EXPECT_FALSE(look_for_vmm(root / "sys").module_loaded);
    std::filesystem::remove_all(root);
}

TEST(Locate, AnotherKindOfFileIsNoVmm) {
    const std::filesystem::path root = testing::TempDir() + "locate-file";
    std::filesystem::create_directories(root / "dev");
    ::close(::open((root / "dev/vmnix").c_str(), O_CREAT | O_WRONLY, 0600));
    const auto device = open_device(root);
    try {
        device->info();
        FAIL() << "a plain file answered";
    } catch (const Failure &failure) {
        EXPECT_EQ(failure.code(), ExitCode::Failure);
        EXPECT_THAT(failure.cause(), HasSubstr("does not know the request"));
    }
    std::filesystem::remove_all(root);
}
