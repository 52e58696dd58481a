// SPDX-License-Identifier: GPL-2.0-only
// A VMM that breaks says why on the serial line, stops every CPU, and does not go on.
#include "tests/machine/suites/console.hpp"

#include "vmnix/abi/hypercall/hypercall.h"

#include <fmt/format.h>
#include <thread>

using namespace suites;

namespace {

struct Breakage {
    const char *name;
    unsigned argument; // of VMNIX_TEST_PANIC
    std::vector<const char *> said;
};

void PrintTo(const Breakage &breakage, std::ostream *out) {
    *out << breakage.name;
}

} // namespace

class Panic : public testing::TestWithParam<Breakage> {};

TEST_P(Panic, IsReported) {
    Console console({.cpus = 2});
    console.launch("test=1");
    console.type(kProbe + fmt::format("hypercall {} {} {}", static_cast<int>(VMNIX_HC_TEST),
                                      static_cast<int>(VMNIX_TEST_PANIC), GetParam().argument));
    console.serial().wait_for("vmnix: *** the VMM has stopped: ", Seconds(60));
    console.serial().wait_for("vmnix: version 0.", Seconds(60));
    console.serial().wait_for("vmnix: CPU ", Seconds(60));
    for (const char *said : GetParam().said)
        console.serial().wait_for(said, Seconds(60));
    // Every CPU is halted with interrupts off, in the VMM.
    std::this_thread::sleep_for(std::chrono::seconds(1));
    const std::string registers = console.human_monitor("info registers -a");
    std::size_t halted = 0;
    for (std::size_t at = 0; (at = registers.find("HLT=1", at)) != std::string::npos; ++at)
        ++halted;
    EXPECT_EQ(halted, 2u) << registers;
}

// The report is in the next boot's kernel log, once.
TEST(PanicRecord, IsToldAfterTheReset) {
    Console console({.cpus = 2});
    console.launch("test=1");
    console.type(kProbe +
                 fmt::format("hypercall {} {} 0", static_cast<int>(VMNIX_HC_TEST), static_cast<int>(VMNIX_TEST_PANIC)));
    console.serial().wait_for("vmnix: at vmm/core/hypercalls.cpp:", Seconds(60));
    std::this_thread::sleep_for(std::chrono::seconds(1));
    console.human_monitor("system_reset");
    console.wait_for_shell(Seconds(180));
    console.must(kProbe + "insmod " + kModule);
    // Not the log as a whole: the harness knows the line that says that a VMM has stopped.
    EXPECT_TRUE(console.run("dmesg | grep -q 'the VMM stopped in an earlier boot of this machine, and said:'").ok());
    EXPECT_TRUE(console.run("dmesg | grep -qF '| vmnix: at vmm/core/hypercalls.cpp:'").ok());
    console.must("rmmod vmkmod; dmesg -c >/dev/null");
    console.must(kProbe + "insmod " + kModule);
    EXPECT_FALSE(console.run("dmesg | grep -q 'in an earlier boot'").ok());
    console.must("rmmod vmkmod");
}

INSTANTIATE_TEST_SUITE_P(Ways, Panic,
                         testing::Values(Breakage{"Assertion", 0, {"vmnix: at vmm/core/hypercalls.cpp:"}},
                                         Breakage{"Fault", 1, {"vector 14", "rip 0xffffffff80", "cr2 0x1000", "r15 "}},
                                         Breakage{"FullStack", 2, {"vector 8", "rip 0xffffffff80"}}),
                         [](const auto &info) { return std::string(info.param.name); });
