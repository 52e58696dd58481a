// SPDX-License-Identifier: GPL-2.0-only
#include "console/vm/run/run_command.hpp"

#include "console/vm/options/definition.hpp"
#include "tests/unit/console/vm_rig.hpp"

using namespace console;
using test::FakeVm;
using test::VmRig;
using testing::HasSubstr;

namespace {

std::vector<std::string> run_words(const VmRig &rig, std::vector<std::string> more = {}) {
    std::vector<std::string> words{"run", "--name", "web", "--kernel", rig.kernel()};
    words.insert(words.end(), more.begin(), more.end());
    return words;
}

} // namespace

TEST(VmRun, MakesWhatWasAskedFor) {
    VmRig rig;
    ASSERT_EQ(
        rig.command(run_words(rig, {"--append", "console=ttyS0 quiet", "--memory", "128M", "--vcpus", "2", "--shares",
                                    "2000", "--reservation", "10%", "--limit", "150%", "--affinity", "0-1", "--rm"})),
        ExitCode::Ok)
        << rig.err.text;
    EXPECT_EQ(rig.out.text, "web runs (id 1). 'vmnix console web' shows its console.\n");
    EXPECT_EQ(rig.err.text, "");
    const FakeVm &vm = rig.vms().named("web");
    EXPECT_EQ(vm.config.size, sizeof vm.config);
    EXPECT_EQ(vm.config.vcpus, 2u);
    EXPECT_EQ(vm.config.memory, 128u << 20);
    EXPECT_EQ(vm.config.flags, std::uint32_t{VMNIX_VM_AUTO_REMOVE});
    EXPECT_EQ(vm.config.share.shares, 2000u);
    EXPECT_EQ(vm.config.share.reservation, 100u);
    EXPECT_EQ(vm.config.share.limit, 1500u);
    EXPECT_EQ(vm.config.share.affinity[0], 3u);
    EXPECT_EQ(vm.config.console_size % 4096, 0u);
    EXPECT_EQ(vm.config.uuid[6] >> 4, 4); // a random one
    EXPECT_EQ(vm.info.state, std::uint32_t{VMNIX_VM_STATE_RUNNING});
    EXPECT_EQ(vm.entry->rip, 0x100000u);
    EXPECT_EQ(rig.loaded.at(0).append, "console=ttyS0 quiet");
}

TEST(VmRun, WritesEveryByteOfTheImage) {
    VmRig rig;
    ASSERT_EQ(rig.command(run_words(rig)), ExitCode::Ok);
    const FakeVm &vm = rig.vms().named("web");
    ASSERT_EQ(vm.writes.size(), 3u); // a large part goes in pieces
    EXPECT_EQ(vm.writes.at(0x1000), "ab");
    EXPECT_EQ(vm.writes.at(0x200000).size(), std::size_t{4 << 20});
    EXPECT_EQ(vm.writes.at(0x200000 + (4 << 20)), "x");
}

TEST(VmRun, KeepsTheOptionsWithTheVm) {
    VmRig rig;
    ASSERT_EQ(rig.command(run_words(rig, {"--module", "/m1=one two", "--module", "/m2", "--append", "a \"b\" c"})),
              ExitCode::Ok);
    const vmnix_vm_config &config = rig.vms().named("web").config;
    const auto options = parse_definition({config.definition, config.definition_size});
    ASSERT_TRUE(options);
    EXPECT_EQ(options->kernel, rig.kernel());
    EXPECT_EQ(options->append, "a \"b\" c");
    ASSERT_EQ(options->modules.size(), 2u);
    EXPECT_EQ(options->modules[0].file, "/m1");
    EXPECT_EQ(options->modules[0].text, "one two");
    EXPECT_EQ(options->modules[1].text, "");
}

TEST(VmRun, MemoryIsRoundedUpWithANote) {
    VmRig rig;
    ASSERT_EQ(rig.command(run_words(rig, {"--memory", "127M"})), ExitCode::Ok);
    EXPECT_EQ(rig.vms().named("web").config.memory, 128u << 20);
    EXPECT_THAT(rig.err.text, HasSubstr("127M is rounded up to 128M"));
    EXPECT_EQ(rig.loaded.at(0).memory, 128u << 20);
}

TEST(VmRun, RefusesValuesThatMakeNoSense) {
    struct Case {
        std::vector<std::string> words;
        const char *what;
    };
    const Case cases[] = {
        {{"--memory", "0"}, "needs memory: 2M to 64G"},
        {{"--memory", "0M"}, "needs memory"},
        {{"--memory", "128"}, "write 128M"},
        {{"--memory", "12x"}, "'12x' is no amount of memory: 2M to 64G"},
        {{"--memory", "100T"}, "more than a VM can have"},
        {{"--memory", "99999999999999999999G"}, "no amount"},
        {{"--memory", "99999999999999999G"}, "more than"},
        {{"--memory", "1.5G"}, "no amount of memory"},
        {{"--vcpus", "0"}, "1 to 32 can be given"},
        {{"--vcpus", "33"}, "1 to 32"},
        {{"--vcpus", "two"}, "'two' is no number"},
        {{"--shares", "0"}, "1 to 100000"},
        {{"--reservation", "10"}, "write 50%"},
        {{"--limit", "-1%"}, "write 50%"},
        {{"--affinity", "1-0"}, "write it as 0-1,3"},
        {{"--affinity", "300"}, "below 256"},
        {{"--affinity", "0-7"}, "here are CPUs 0 to 1"},
        {{"--uuid", "1234"}, "is no UUID"},
        {{"--reservation", "50%", "--limit", "10%"}, "beyond the limit"},
        {{"--reservation", "201%"}, "a reservation of 201% is more than there is: 2 CPUs here, 200% in all"},
        {{"--limit", "300%"}, "a limit of 300% is more than there is"},
    };
    for (const Case &mistake : cases) {
        VmRig rig;
        EXPECT_EQ(rig.command(run_words(rig, mistake.words)), ExitCode::Usage) << mistake.what;
        EXPECT_THAT(rig.err.text, HasSubstr(mistake.what));
        EXPECT_TRUE(rig.vms().list.empty());
    }
}

TEST(VmRun, RefusesNames) {
    for (const char *name : {"", "a b", ".web", "all", "console",
                             "w\xc3\xa4"
                             "b",
                             "a/b"}) {
        VmRig rig;
        EXPECT_EQ(rig.command({"run", "--name", name, "--kernel", rig.kernel()}), ExitCode::Usage) << name;
        EXPECT_THAT(rig.err.text, HasSubstr("--name: "));
    }
    VmRig rig;
    EXPECT_EQ(rig.command({"run", "--name", std::string(64, 'a'), "--kernel", rig.kernel()}), ExitCode::Usage);
    EXPECT_EQ(rig.command({"run", "--kernel", rig.kernel()}), ExitCode::Usage);
    EXPECT_THAT(rig.err.text, HasSubstr("--name"));
    EXPECT_EQ(rig.command({"run", "--name", "web"}), ExitCode::Usage);
    EXPECT_THAT(rig.err.text, HasSubstr("--kernel"));
    EXPECT_EQ(rig.command({"run"}), ExitCode::Usage);
    EXPECT_EQ(rig.command({"run", "--name=" + std::string(63, 'a'), "--kernel", rig.kernel()}), ExitCode::Ok);
}

TEST(VmRun, LeavesNothingWhereItFails) {
    for (VmAnswer test::FakeVms::*step : {&test::FakeVms::write_answer, &test::FakeVms::start_answer}) {
        VmRig rig;
        rig.vms().*step = VmAnswer::Invalid;
        EXPECT_EQ(rig.command(run_words(rig)), ExitCode::Failure);
        EXPECT_TRUE(rig.vms().list.empty());
    }
    VmRig rig;
    EXPECT_EQ(rig.command({"run", "--name", "web", "--kernel", "/nonexistent"}), ExitCode::Failure);
    EXPECT_EQ(rig.vms().last_id, 0u); // read before anything is made
}

TEST(VmRun, TooLittleMemorySaysHowMuch) {
    VmRig rig;
    rig.vms().create_answer = VmAnswer::NoMemory;
    rig.vms().needed = 300ull << 20;
    rig.vms().available = 96ull << 20;
    EXPECT_EQ(rig.command(run_words(rig)), ExitCode::Refused);
    EXPECT_THAT(rig.err.text, HasSubstr("web needs 300 MiB, 96 MiB could be had"));
}

TEST(VmRun, ATakenNameSaysByWhom) {
    VmRig rig;
    rig.vms().add("web");
    EXPECT_EQ(rig.command(run_words(rig)), ExitCode::Refused);
    EXPECT_THAT(rig.err.text, HasSubstr("there is a VM 'web' already: running"));
    rig.vms().end(rig.vms().named("web"), VMNIX_VM_POWERED_OFF);
    EXPECT_EQ(rig.command(run_words(rig)), ExitCode::Refused);
    EXPECT_THAT(rig.err.text, HasSubstr("already: powered off"));
    EXPECT_THAT(rig.err.text, HasSubstr("vmnix rm web"));
}

TEST(VmRun, ReservationsAndTheNumberOfVmsAreLimits) {
    VmRig rig;
    rig.vms().create_answer = VmAnswer::LimitReached;
    EXPECT_EQ(rig.command(run_words(rig, {"--reservation", "150%"})), ExitCode::Refused);
    EXPECT_THAT(rig.err.text, HasSubstr("a reservation of 150% cannot be had"));
    EXPECT_EQ(rig.command(run_words(rig)), ExitCode::Refused);
    EXPECT_THAT(rig.err.text, HasSubstr("which is the limit"));
}

TEST(VmRun, OptionsThatTheVmmCannotKeepAreRefused) {
    VmRig rig;
    EXPECT_EQ(rig.command(run_words(rig, {"--append", std::string(2048, 'a')})), ExitCode::Refused);
    EXPECT_THAT(rig.err.text, HasSubstr("of which the VMM keeps 2048"));
    EXPECT_THAT(rig.err.text, HasSubstr("command line is too long"));
    EXPECT_EQ(rig.vms().last_id, 0u);
}

TEST(VmRun, ForMachines) {
    VmRig rig;
    ASSERT_EQ(
        rig.command(run_words(rig, {"--json", "--memory", "3M", "--uuid", "12345678-9abc-def0-1234-56789abcdef0"})),
        ExitCode::Ok);
    EXPECT_EQ(rig.json()["name"], "web");
    EXPECT_EQ(rig.json()["id"], 1);
    EXPECT_EQ(rig.json()["uuid"], "12345678-9abc-def0-1234-56789abcdef0");
    EXPECT_EQ(rig.json()["notes"].size(), 1u);
}

TEST(VmRun, AVmThatIsGoneAtOnceDidRun) {
    VmRig rig;
    rig.vms().on_start = [&](FakeVm &vm) { rig.vms().end(vm, VMNIX_VM_POWERED_OFF); };
    EXPECT_EQ(rig.command(run_words(rig, {"--rm"})), ExitCode::Ok);
    EXPECT_TRUE(rig.vms().list.empty());
}

TEST(VmRun, AFileHasTheSameOptions) {
    VmRig rig;
    rig.root.write("/vms/db.vm", "# the database\n\nkernel = ../kernel # of Debian\nmemory=64M\r\n"
                                 "append = \"console=ttyS0 # no comment\"\nmodule = a\nmodule = b=c\nrm = yes\n"
                                 "autostart = yes\norder = 7\n");
    ASSERT_EQ(rig.command({"run", rig.root.at("/vms/db.vm").string(), "--memory", "32M", "--module", "/other"}),
              ExitCode::Ok)
        << rig.err.text;
    const VmOptions &options = rig.loaded.at(0);
    EXPECT_EQ(options.name, "db");
    EXPECT_EQ(options.kernel, rig.kernel());
    EXPECT_EQ(options.append, "console=ttyS0 # no comment");
    EXPECT_EQ(options.memory, 32u << 20);
    ASSERT_EQ(options.modules.size(), 1u);
    EXPECT_EQ(options.modules[0].file, "/other");
    EXPECT_TRUE(options.remove);
    EXPECT_EQ(options.order, 7u);
}

TEST(VmRun, AFileWithAMistakeNamesTheLine) {
    struct Case {
        const char *text, *what;
    };
    const Case cases[] = {
        {"kernel = /k\nmemry = 1G\n", ":2: there is no key 'memry'; there are name, kernel"},
        {"\n\nmemory = lots\n", ":3: memory: 'lots' is no amount"},
        {"kernel\n", ":1: 'kernel' is no line of the form key = value"},
        {"vcpus = 1\nvcpus = 2\n", ":2: vcpus is given a second time"},
        {"append = \"a\n", ":1: the closing quote is missing"},
        {"append = \"a\" b\n", ":1: something follows"},
        {"rm = perhaps\n", ":1: rm: 'perhaps' is neither yes nor no"},
        {"initrd =\n", ":1: initrd: the name of a file is missing"},
    };
    for (const Case &mistake : cases) {
        VmRig rig;
        rig.root.write("/a.vm", mistake.text);
        EXPECT_EQ(rig.command({"run", rig.root.at("/a.vm").string()}), ExitCode::Usage);
        EXPECT_THAT(rig.err.text, HasSubstr("/a.vm" + std::string(mistake.what)));
    }
    VmRig rig;
    EXPECT_EQ(rig.command({"run", "/nonexistent.vm"}), ExitCode::Usage);
    EXPECT_THAT(rig.err.text, HasSubstr("no such file"));
    EXPECT_EQ(rig.command({"run", rig.root.path().string()}), ExitCode::Usage);
    rig.root.write("/a b.vm", "kernel = /k\n");
    EXPECT_EQ(rig.command({"run", rig.root.at("/a b.vm").string()}), ExitCode::Usage);
    EXPECT_THAT(rig.err.text, HasSubstr("rename the file"));
}

TEST(VmRun, AVmmWithoutVmsSaysSo) {
    VmRig rig;
    rig.machine.info.features &= ~VMNIX_FEATURE_VMS;
    EXPECT_EQ(rig.command(run_words(rig)), ExitCode::Failure);
    EXPECT_THAT(rig.err.text, HasSubstr("knows no VMs"));
}
