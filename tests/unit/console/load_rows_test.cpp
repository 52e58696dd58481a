// SPDX-License-Identifier: GPL-2.0-only
#include "console/check/load_rows.hpp"

#include "tests/unit/console/check_fixture.hpp"

using namespace console;
using test::Verdict;
using testing::HasSubstr;

namespace {

class LoadRows : public test::CheckTest {};

} // namespace

TEST_F(LoadRows, ModulesMustBeLoadable) {
    root.write("/proc/sys/kernel/modules_disabled", "1\n");
    EXPECT_EQ(only_refusal().name, "loadable modules");
    root.remove("/proc/modules");
    EXPECT_EQ(only_refusal().name, "loadable modules");
}

TEST_F(LoadRows, TheModuleMustBeInstalledForThisKernel) {
    root.remove(module_path);
    const CheckRow refusal = only_refusal();
    EXPECT_EQ(refusal.name, "module file");
    EXPECT_THAT(refusal.text, HasSubstr(test::release));
}

TEST_F(LoadRows, SignatureIsAskedForOnlyUnderLockdown) {
    EXPECT_EQ(row("module signature").text, "not required");
    root.write("/sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
    EXPECT_EQ(only_refusal().name, "module signature");
    EXPECT_THAT(only_refusal().remedy, HasSubstr("mokutil"));
    install_module("~Module signature appended~\n");
    EXPECT_FALSE(check().refused());
    root.write("/sys/kernel/security/lockdown", "[none] integrity\n");
    install_module("");
    root.write("/sys/module/module/parameters/sig_enforce", "Y\n");
    EXPECT_EQ(only_refusal().name, "module signature");
}

TEST_F(LoadRows, ACompressedModuleIsNotJudged) {
    root.remove(module_path);
    root.write(module_path + ".xz", "\xfd"
                                    "7zXZ");
    root.write("/sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
    EXPECT_FALSE(check().refused());
    EXPECT_EQ(row("module signature").verdict, Verdict::Unknown);
    EXPECT_EQ(row("VMM image").verdict, Verdict::Unknown);
}

TEST_F(LoadRows, ImageAbsentForeignOrDamaged) {
    const std::string path = "/lib/firmware/vmnix/vmkernel";
    std::string other = test::image_file();
    other.back() ^= 1;
    root.write(path, other);
    EXPECT_THAT(only_refusal().text, HasSubstr("SHA-256"));
    root.write(path, other.substr(0, 4100));
    EXPECT_THAT(only_refusal().text, HasSubstr("cut off"));
    root.remove(path);
    EXPECT_THAT(only_refusal().text, HasSubstr("no VMM image"));
    root.write(path + ".gz", "\x1f\x8b\x08");
    EXPECT_EQ(row("VMM image").verdict, Verdict::Unknown);
}
