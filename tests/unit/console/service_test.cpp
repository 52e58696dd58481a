// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/console/service_fixture.hpp"

using namespace console::test;
using testing::HasSubstr;
using testing::Not;

namespace {

class Service : public ServiceTest {};
INSTANTIATE_TEST_SUITE_P(Shells, Service, testing::Values("dash", "busybox sh"), [](const auto &shell) {
    return std::string(shell.param, std::string_view(shell.param).find(' ') == std::string_view::npos ? 4 : 7);
});

} // namespace

TEST_P(Service, StartLoadsTheModuleUnderAMarker) {
    root.write("/load-log", "[    2.5] vmnix: VMM 1.2.3 runs this machine: 2 CPUs\n");
    const Result result = run("start");
    EXPECT_EQ(result.code, 0) << result.err;
    EXPECT_EQ(result.out, "vmnix: started. VMM 1.2.3 runs this machine: 2 CPUs\n");
    EXPECT_EQ(calls(), "sync\nmodprobe vmkmod\nmarked\nsync\n");
    EXPECT_FALSE(exists(marker));
}

TEST_P(Service, StartingTwiceIsNoError) {
    load_module("vmkmod", 0);
    const Result result = run("start");
    EXPECT_EQ(result.code, 0);
    EXPECT_THAT(result.out, HasSubstr("already running"));
    EXPECT_EQ(calls(), "");
}

TEST_P(Service, AStartBesideAnotherWaitsForIt) {
    load_module("vmkmod", 1, "coming");
    EXPECT_EQ(run("start").code, 1);
    EXPECT_EQ(run("status").code, 4);
    EXPECT_EQ(calls(), "");
}

TEST_P(Service, TheKernelCommandLineSkipsTheStart) {
    root.write("/proc/cmdline", "quiet vmnix=off\n");
    const Result result = run("start");
    EXPECT_EQ(result.code, 0);
    EXPECT_THAT(result.out, HasSubstr("vmnix=off"));
    EXPECT_EQ(calls(), "");
    EXPECT_EQ(run("start --force").code, 0);
    EXPECT_THAT(calls(), HasSubstr("modprobe vmkmod"));
}

TEST_P(Service, ALaunchThatTookTheMachineDownIsNotRepeated) {
    root.write(marker, "earlier-boot Mon Jan 1\n");
    const Result result = run("start");
    EXPECT_EQ(result.code, 1);
    EXPECT_THAT(result.err, HasSubstr("the last launch (Mon Jan 1) did not finish"));
    EXPECT_THAT(result.err, HasSubstr("start --force"));
    EXPECT_THAT(result.err, HasSubstr(marker));
    EXPECT_EQ(calls(), "");
    EXPECT_TRUE(exists(marker));
    EXPECT_THAT(run("status").out, HasSubstr("did not finish: Mon Jan 1"));
    EXPECT_EQ(run("start --force").code, 0);
    EXPECT_FALSE(exists(marker));
}

TEST_P(Service, AnEmptyMarkerCountsToo) {
    root.write(marker, "");
    EXPECT_EQ(run("start").code, 1);
}

TEST_P(Service, AStartThatWasInterruptedInThisBootMayBeRepeated) {
    root.write(marker, "this-boot Mon Jan 1\n");
    const Result result = run("start");
    EXPECT_EQ(result.code, 0);
    EXPECT_THAT(result.out, HasSubstr("interrupted"));
}

TEST_P(Service, AKilledLoadKeepsTheMarker) {
    root.write("/load-kill", "");
    const Result result = run("start");
    EXPECT_EQ(result.code, 1);
    EXPECT_THAT(result.err, HasSubstr("reboot"));
    EXPECT_TRUE(exists(marker));
}

TEST_P(Service, WithoutAPlaceForTheMarkerNothingIsLoaded) {
    root.write("/var/lib/vmnix", "a file in the way");
    EXPECT_EQ(run("start").code, 1);
    EXPECT_THAT(calls(), Not(HasSubstr("modprobe")));
}

TEST_P(Service, AFailureIsToldInTheKernelsWords) {
    root.write("/log", "[ 1.0] vmnix: not launched: an old story\n");
    root.write("/load-log", "[ 2.0] vmnix: not launched: this CPU does not offer SVM: enable it\n"
                            "[ 2.1] vmkmod: loading out-of-tree module taints kernel.\n");
    root.write("/load-error", "modprobe: ERROR: could not insert 'vmkmod': No such device\n");
    const Result result = run("start");
    EXPECT_EQ(result.code, 1);
    EXPECT_THAT(result.err, HasSubstr("not started: modprobe: ERROR: could not insert 'vmkmod': No such device\n"));
    EXPECT_THAT(result.err, HasSubstr("the kernel says: not launched: this CPU does not offer SVM: enable it\n"));
    EXPECT_FALSE(exists(marker)); // it ended, though badly
}

TEST_P(Service, WithoutAWordOfTheKernelTheErrnoIsExplained) {
    root.write("/log", "[ 1.0] vmnix: not launched: an old story\n");
    const std::vector<std::pair<const char *, const char *>> cases{
        {"Key was rejected by service", "mokutil --import"},
        {"Required key not available", "mokutil --import"},
        {"Operation not permitted", "only root"},
        {"File exists", "vmnix status"},
        {"Exec format error", "another kernel than 6.12.1"},
        {"invalid module format", "another kernel than 6.12.1"},
        {"unknown symbol in module, or unknown parameter", "/etc/default/vmnix"},
        {"Invalid argument", "VMNIX_OPTIONS"},
        {"No such device", "vmnix check"},
        {"Device or resource busy", "in use"},
        {"Cannot allocate memory", "memory"},
        {"Connection timed out", "rolled back"},
        {"Something else", "dmesg"},
    };
    for (const auto &[error, text] : cases) {
        root.write("/load-error", std::string("insmod: ") + error + "\n");
        const Result result = run("start");
        EXPECT_EQ(result.code, 1) << error;
        EXPECT_THAT(result.err, HasSubstr(text)) << error;
        EXPECT_THAT(result.err, Not(HasSubstr("old story"))) << error;
    }
}

TEST_P(Service, LockdownTurnsNotPermittedIntoASignatureMatter) {
    root.write("/load-error", "insmod: Operation not permitted\n");
    root.write("/sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
    EXPECT_THAT(run("start").err, HasSubstr("Secure Boot"));
}

TEST_P(Service, AnIdleKvmIsUnloadedAndComesBack) {
    load_module("kvm_amd", 0);
    load_module("kvm", 0);
    const Result result = run("start");
    EXPECT_EQ(result.code, 0) << result.err;
    EXPECT_THAT(result.out, HasSubstr("unloaded kvm_amd"));
    EXPECT_THAT(result.out, HasSubstr("unloaded kvm,"));
    EXPECT_THAT(calls(), testing::StartsWith("rmmod kvm_amd\nrmmod kvm\n"));
    EXPECT_EQ(run("stop").code, 0);
    EXPECT_THAT(calls(), testing::EndsWith("rmmod vmkmod\nmodprobe kvm_amd\n"));
}

TEST_P(Service, SoIsIntels) {
    load_module("kvm_intel", 0);
    load_module("kvm", 0);
    EXPECT_EQ(run("start").code, 0);
    EXPECT_THAT(calls(), testing::StartsWith("rmmod kvm_intel\nrmmod kvm\n"));
    EXPECT_EQ(run("stop").code, 0);
    EXPECT_THAT(calls(), testing::EndsWith("rmmod vmkmod\nmodprobe kvm_intel\n"));
    load_module("kvm_intel", 1);
    EXPECT_THAT(run("start").err, HasSubstr("module kvm_intel has 1 user(s)"));
}

TEST_P(Service, AFailedStartBringsKvmBack) {
    load_module("kvm_amd", 0);
    root.write("/load-error", "insmod: No such device\n");
    program("modprobe", R"(echo "modprobe $*" >>"$VMNIX_ROOT/calls"; [ "$1" != vmkmod ])");
    EXPECT_EQ(run("start").code, 1);
    EXPECT_THAT(calls(), testing::EndsWith("modprobe kvm_amd\n"));
}

TEST_P(Service, KvmInUseIsRefusedByTheNameOfItsUser) {
    load_module("kvm_amd", 2);
    open_by(77, "qemu-system-x86", "/dev/kvm");
    open_by(78, "other", "anon_inode:kvm-vm");
    open_by(79, "innocent", "/dev/kvmnot");
    const Result result = run("start");
    EXPECT_EQ(result.code, 1);
    EXPECT_THAT(result.err, HasSubstr("kvm_amd has 2 user(s): qemu-system-x86 (77), other (78)\n"));
    EXPECT_EQ(calls(), "");
}

TEST_P(Service, UnloadingKvmCanBeForbidden) {
    load_module("kvm_amd", 0);
    root.write("/etc/default/vmnix", "VMNIX_UNLOAD_KVM=no\n");
    EXPECT_EQ(run("start").code, 1);
    EXPECT_EQ(calls(), "");
}

TEST_P(Service, SettingsChooseModuleAndOptions) {
    root.write("/etc/default/vmnix",
               "VMNIX_OPTIONS='timeout_ms=5 test=1'\nVMNIX_MODULE=" + root.at("/x/vmkmod.ko").string());
    EXPECT_EQ(run("start").code, 5);
    root.write("/x/vmkmod.ko", "");
    EXPECT_EQ(run("start").code, 0);
    EXPECT_THAT(calls(), HasSubstr("insmod " + root.at("/x/vmkmod.ko").string() + " timeout_ms=5 test=1\n"));
}

TEST_P(Service, TheShippedSettingsAreTheDefaults) {
    std::filesystem::create_directories(root.at("/etc/default"));
    std::filesystem::copy_file(VMNIX_SCRIPTS "/vmnix.default", root.at("/etc/default/vmnix"));
    EXPECT_EQ(run("start").code, 0);
    EXPECT_THAT(calls(), HasSubstr("modprobe vmkmod\n"));
}

TEST_P(Service, NoModuleForThisKernel) {
    root.remove("/lib/modules/6.12.1");
    const Result result = run("start");
    EXPECT_EQ(result.code, 5);
    EXPECT_THAT(result.err, HasSubstr("kernel 6.12.1"));
    EXPECT_THAT(result.err, HasSubstr("make install"));
}
