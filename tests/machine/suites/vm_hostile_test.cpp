// SPDX-License-Identifier: GPL-2.0-only
// Programs of the test kernel that mean no good, as VMs beside the console and another VM, which must not notice.
#include "tests/machine/suites/witness.hpp"

#include <fmt/format.h>

using namespace suites;

namespace {

// In milliseconds. On a busy host everybody waits; a VM that can keep a CPU keeps it for good, or to its program's end.
constexpr double kLongestGap = 3000;

// Of each of so many sequences.
const unsigned kSeeds = whole_matrix() ? 10 : 1, kCount = whole_matrix() ? 20000 : 2500;

} // namespace

class VmHostile : public testing::Test {
  public:
    static void SetUpTestSuite() {
        console = std::make_unique<Console>(Description{.one_thread = true});
        console->launch();
        other = std::make_unique<GuestVm>(*console,
                                          VmSetup{.name = "other", .vcpus = 2, .initrd = witness_initrd(*console)});
    }
    static void TearDownTestSuite() {
        expect_echo(*other);
        other->expect_clean_log();
        other.reset();
        expect_nothing_given(*console);
        expect_works(*console);
        expect_clean_log(*console);
        console->leave();
        expect_bare(*console);
        console.reset();
    }

    // To its end, which is this, and it said this on the way.
    static void expect_end(const std::string &program, unsigned vcpus, const std::string &ending,
                           const std::string &said) {
        SCOPED_TRACE(program);
        Witness witness(*console, *other);
        ProgramVm vm(*console, "hostile", program, vcpus);
        const std::string how = vm.wait_for_end(Seconds(120));
        EXPECT_TRUE(how.starts_with(ending)) << how << "\n" << vm.log();
        EXPECT_TRUE(vm.says(said)) << vm.log();
        witness.expect_undisturbed(program, kLongestGap);
    }
    static void expect_done(const std::string &program, unsigned vcpus = 1) {
        expect_end(program, vcpus, "powered_off: ", "\ndone");
    }
    // For ever, until it is killed.
    static void expect_goes_on(const std::string &program, unsigned vcpus, const std::string &said) {
        SCOPED_TRACE(program);
        Witness witness(*console, *other);
        ProgramVm vm(*console, "hostile", program, vcpus);
        vm.wait_until_says(said);
        console->must("sleep 4");
        EXPECT_EQ(vm.state(), "running") << vm.log();
        vm.kill();
        EXPECT_EQ(vm.wait_for_end(), "killed: ");
        witness.expect_undisturbed(program, kLongestGap);
    }

    static inline std::unique_ptr<Console> console;
    static inline std::unique_ptr<GuestVm> other;
};

TEST_F(VmHostile, TripleFault) {
    expect_end("triple", 1, "crashed: vCPU 0: triple fault", "triple fault");
}

TEST_F(VmHostile, ExecutesWhereNothingIs) {
    expect_end("nowhere", 1, "crashed: vCPU 0: executes where there is no memory", "jumping");
}

TEST_F(VmHostile, SpinsWithInterruptsOff) {
    expect_goes_on("cliloop", 2, "spinning");
}

TEST_F(VmHostile, HaltsWithInterruptsOff) {
    expect_goes_on("hltoff", 1, "halting");
}

TEST_F(VmHostile, FloodsItsSerialLine) {
    expect_done(fmt::format("flood {}", whole_matrix() ? 1024 : 72)); // KiB: more than is kept
}

TEST_F(VmHostile, AddressesWithoutMemory) {
    for (unsigned seed = 1; seed <= kSeeds; ++seed)
        expect_done(fmt::format("unbacked {} {}", seed, kCount / 5));
}

TEST_F(VmHostile, RandomRegisters) {
    for (unsigned seed = 1; seed <= kSeeds; ++seed)
        for (const char *registers : {"msrs", "ports", "apics"})
            expect_done(fmt::format("{} {} {}", registers, seed, kCount));
}

TEST_F(VmHostile, InstructionsOfHypervisors) {
    expect_done("svm");
}

TEST_F(VmHostile, RandomCodeOfPrograms) {
    for (unsigned seed = 1; seed <= kSeeds; ++seed)
        expect_done(fmt::format("code {} {} 3", seed, kCount / 2));
}

// It may do with its VM what it likes, and end it or not.
TEST_F(VmHostile, RandomCodeOfAKernel) {
    for (unsigned seed = 1; seed <= 2 * kSeeds; ++seed) {
        const std::string program = fmt::format("code {} {} 0", seed, kCount / 2);
        SCOPED_TRACE(program);
        Witness witness(*console, *other);
        ProgramVm vm(*console, "hostile", program);
        vm.wait_until_says("executed 0");
        for (unsigned tries = 0; tries < 20 && vm.state() == "running"; ++tries)
            console->must("sleep 0.2");
        witness.expect_undisturbed(program + ": " + vm.state(), kLongestGap);
    }
}

TEST_F(VmHostile, Storms) {
    expect_done("storms 4000", 2);
    expect_done(fmt::format("nmis {}", kCount));
    expect_done(fmt::format("restarts 1 {}", kCount / 10), 2);
}
