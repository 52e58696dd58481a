// SPDX-License-Identifier: GPL-2.0-only
// scripts/vmnix-install, with stand-ins for what it installs.
#include <cstdlib>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/wait.h>

#include "console/base/file.hpp"
#include "tests/unit/console/fake_root.hpp"

using testing::HasSubstr;

namespace {

class Install : public testing::Test {
  protected:
    Install() {
        root.write("/build/vmkernel", "image");
        root.write("/build/vmkmod.ko", "module of 6.1.0");
        root.write("/build/modules/6.12/vmkmod.ko", "module of 6.12.1");
        program("modinfo", "sed 's/module of //; s/$/ SMP preempt mod_unload/' \"$3\"");
        program("strip", "cp \"$3\" \"$2\"");
    }
    void program(const std::string &name, const std::string &body) {
        root.write("/bin/" + name, "#!/bin/sh\n" + body + "\n");
        std::filesystem::permissions(root.at("/bin/" + name), std::filesystem::perms::owner_all);
    }
    int run(const std::string &action, const std::string &release = "6.12.1") {
        const std::string command = fmt::format(
            "cd {1}/.. && env -i PATH='{0}/bin':/usr/bin:/bin BUILD='{0}/build' DESTDIR='{0}/dest' PREFIX=/opt "
            "KRELEASE={3} MODULE_PLACE=/lib/modules/{3}/extra/vmkmod.ko SETTINGS_PLACE=/etc/default/vmnix "
            "scripts/vmnix-install {2} '644:{0}/build/vmkernel:/lib/firmware/vmnix/vmkernel' "
            "755:scripts/vmnix-service:/opt/lib/vmnix/vmnix-service 755:scripts/vmnix.init:/etc/init.d/vmnix "
            "644:scripts/vmnix-guests.service:/opt/lib/systemd/system/vmnix-guests.service "
            ">'{0}/out' 2>&1",
            root.path().string(), VMNIX_SCRIPTS, action, release);
        const int status = std::system(command.c_str());
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }
    std::string text(const std::string &file) const { return console::read_file(root.at(file)).value_or(""); }
    bool exists(const std::string &file) const { return std::filesystem::exists(root.at("/dest" + file)); }

    console::test::FakeRoot root;
};

} // namespace

TEST_F(Install, TakesTheModuleOfTheKernel) {
    ASSERT_EQ(run("install"), 0) << text("/out");
    EXPECT_EQ(text("/dest/lib/modules/6.12.1/extra/vmkmod.ko"), "module of 6.12.1");
    ASSERT_EQ(run("install", "6.1.0"), 0) << text("/out");
    EXPECT_EQ(text("/dest/lib/modules/6.1.0/extra/vmkmod.ko"), "module of 6.1.0");
}

TEST_F(Install, AKernelThatNothingWasBuiltForChangesNothing) {
    EXPECT_EQ(run("install", "6.99.0"), 1);
    EXPECT_THAT(text("/out"), HasSubstr("is for kernel 6.99.0"));
    EXPECT_THAT(text("/out"), HasSubstr("make KERNEL="));
    EXPECT_FALSE(exists(""));
}

TEST_F(Install, ModesAndThePrefixAreRight) {
    using std::filesystem::perms;
    ASSERT_EQ(run("install"), 0) << text("/out");
    EXPECT_EQ(std::filesystem::status(root.at("/dest/etc/init.d/vmnix")).permissions(), perms(0755));
    EXPECT_EQ(std::filesystem::status(root.at("/dest/lib/firmware/vmnix/vmkernel")).permissions(), perms(0644));
    EXPECT_THAT(text("/dest/etc/init.d/vmnix"), HasSubstr("/opt/lib/vmnix/vmnix-service"));
    EXPECT_THAT(text("/dest/opt/lib/systemd/system/vmnix-guests.service"),
                HasSubstr("exec /opt/sbin/vmnix guests stop"));
}

TEST_F(Install, TheAdministratorsSettingsStay) {
    root.write("/dest/etc/default/vmnix", "mine");
    ASSERT_EQ(run("install"), 0) << text("/out");
    EXPECT_EQ(text("/dest/etc/default/vmnix"), "mine");
    ASSERT_EQ(run("uninstall"), 0) << text("/out");
    EXPECT_EQ(text("/dest/etc/default/vmnix"), "mine");
}

TEST_F(Install, TheAdministratorsVmsStay) {
    ASSERT_EQ(run("install"), 0) << text("/out");
    ASSERT_TRUE(exists("/etc/vmnix/guests"));
    root.write("/dest/etc/vmnix/guests/web.vm", "mine");
    ASSERT_EQ(run("uninstall"), 0) << text("/out");
    EXPECT_EQ(text("/dest/etc/vmnix/guests/web.vm"), "mine");
}

TEST_F(Install, UninstallLeavesNoFile) {
    ASSERT_EQ(run("install"), 0) << text("/out");
    ASSERT_TRUE(exists("/etc/default/vmnix"));
    ASSERT_EQ(run("uninstall"), 0) << text("/out");
    for (const auto &entry : std::filesystem::recursive_directory_iterator(root.at("/dest")))
        EXPECT_TRUE(entry.is_directory()) << entry.path();
    EXPECT_FALSE(exists("/etc/vmnix"));
    EXPECT_EQ(run("uninstall"), 0); // and again
}
