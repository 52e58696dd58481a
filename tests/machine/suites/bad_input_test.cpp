// SPDX-License-Identifier: GPL-2.0-only
// What a user or a machine can get wrong: a clear error with its remedy, and nothing lost.
#include "tests/machine/suites/console.hpp"

#include <cerrno>
#include <fmt/format.h>

using namespace suites;

namespace {

const std::string kImages = "/lib/firmware/vmnix/";

struct Image {
    const char *how;
    int error;
    const char *reason;
};

// Refused with this number and reason, by a line that also tells what to do; a launch works afterwards.
void expect_refused(Console &console, const std::string &parameters, int error, const std::string &reason,
                    const std::string &remedy) {
    EXPECT_EQ(console.insmod(parameters), error);
    expect_said(console, {"vmnix: ", reason, remedy});
    expect_bare(console);
}

void expect_launches(Console &console) {
    console.launch();
    expect_under(console);
    console.leave();
    expect_bare(console);
    expect_clean_log(console);
}

} // namespace

TEST(BadInput, Images) {
    Console console;
    expect_refused(console, "image=vmnix/none", ENOENT, "no VMM image", "make install");
    constexpr Image kSpoilt[] = {
        {"cut", ENOEXEC, "cut off"},
        {"empty", ENOENT, "no VMM image"}, // the firmware loader counts a file without bytes as none
        {"bit", EBADMSG, "SHA-256"},
        {"abi", EPROTO, "handover ABI"},
        {"magic", ENOEXEC, "does not begin like a VMM image"},
    };
    for (const Image &image : kSpoilt) {
        SCOPED_TRACE(image.how);
        console.must_probe(fmt::format("spoil {0}vmkernel {0}{1} {1}", kImages, image.how));
        expect_refused(console, fmt::format("image=vmnix/{}", image.how), image.error, image.reason, "install");
    }
    console.must(fmt::format("gzip -c {0}vmkernel >{0}zipped && head -c 20000 {0}zipped >{0}zipped-cut", kImages));
    expect_refused(console, "image=vmnix/zipped-cut", EILSEQ, "compressed VMM image is damaged", "install");
    console.launch("image=vmnix/zipped");
    expect_under(console);
    console.leave();
    expect_launches(console);
}

TEST(BadInput, SecondLoadAndUnloadInUse) {
    Console console;
    console.launch();
    EXPECT_EQ(console.insmod(), EEXIST);
    console.start("hold", kProbe + "hold 300");
    console.wait_until_says("hold", "held");
    EXPECT_EQ(console.rmmod(), EWOULDBLOCK);
    expect_under(console);
    console.stop("hold");
    console.leave();
    expect_bare(console);
    expect_clean_log(console);
}

TEST(BadInput, ForcedUnloadWithDeviceOpen) {
    Console console;
    console.launch();
    console.start("hold", kProbe + "hold 300");
    console.wait_until_says("hold", "held");
    // Whatever the answer, the machine has a defined state afterwards and Linux works.
    const Outcome forced = console.probe("rmmod vmkmod force");
    expect_works(console);
    console.stop("hold");
    if (!forced.ok()) {
        expect_under(console);
        console.leave();
    }
    expect_bare(console);
    expect_clean_log(console, {"forced", "Disabling lock debugging"});
}

TEST(BadInput, Kvm) {
    Console console;
    expect_kvm_respected(console, "kvm_amd", "SVM");
}

TEST(BadInput, CpuOffline) {
    Console console({.cpus = 4});
    console.must("echo 0 >/sys/devices/system/cpu/cpu2/online");
    EXPECT_EQ(console.insmod(), EAGAIN);
    expect_said(console, {"CPU 2 is present but offline", "echo 1 > /sys/devices/system/cpu/cpu2/online"});
    console.must("echo 1 >/sys/devices/system/cpu/cpu2/online");
    expect_launches(console);
}

// No block of memory without a page that cannot move: there is plenty of memory, and none that can be had in one piece.
TEST(BadInput, NotEnoughContiguousMemory) {
    Console console;
    console.load_poke();
    console.must_probe("fragment", Seconds(120));
    EXPECT_EQ(console.insmod("", Seconds(120)), ENOMEM);
    expect_said(console, {"contiguous memory", "stop programs or launch earlier"});
    expect_works(console);
    console.must_probe("defragment", Seconds(120));
    expect_launches(console);
}

TEST(BadInput, SwitchedOffOnTheCommandLine) {
    Console console({.append = "vmnix=off"});
    EXPECT_EQ(console.insmod(), ECANCELED);
    expect_said(console, {"vmnix=off", "boot without it"});
    const Outcome service = console.run("/etc/init.d/vmnix start");
    EXPECT_NE(service.output.find("vmnix=off"), std::string::npos) << service.output;
    expect_bare(console);
    EXPECT_FALSE(console.run("grep -q vmkmod /proc/modules").ok());
}

// A CPU that cannot: the emulator takes the feature away.
TEST(BadInput, CpuWithoutVirtualisation) {
    Console console({.without = {"svm"}});
    EXPECT_EQ(console.insmod(), ENODEV);
    expect_said(console, {"does not offer SVM", "firmware"});
    EXPECT_NE(console.run("vmnix check").code, 0);
    expect_works(console);
}

TEST(BadInput, CpuWithoutNestedPaging) {
    Console console({.without = {"npt"}});
    EXPECT_EQ(console.insmod(), ENODEV);
    expect_said(console, {"no nested paging"});
    expect_works(console);
}
