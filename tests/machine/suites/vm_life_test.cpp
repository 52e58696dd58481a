// SPDX-License-Identifier: GPL-2.0-only
// A VM's life by the command: each order, what it says and what its exit code tells a script.
#include "tests/machine/suites/guest_vm.hpp"

#include <fmt/format.h>

using namespace suites;

namespace {

enum Code {
    kOk = 0,
    kFailure = 1,
    kUsage = 2,
    kNotRunning = 3,
    kNotFound = 5,
    kWrongState = 6,
    kRefused = 7,
    kTimedOut = 8
};

const std::string kKernel = " --kernel /boot/guest.vmlinuz ", kRun = "vmnix run --name bad ";

} // namespace

class VmLife : public testing::Test {
  public:
    static void SetUpTestSuite() {
        console = std::make_unique<Console>(Description{.one_thread = true});
        console->launch();
        guest = std::make_unique<GuestVm>(*console, VmSetup{.vcpus = 2});
    }
    static void TearDownTestSuite() {
        guest.reset();
        expect_nothing_given(*console);
        expect_clean_log(*console);
        console->leave();
        console.reset();
    }
    void TearDown() override { expect_memory_adds_up(*console); }

    // With this code, and a message that has all of these texts.
    static void expect(const std::string &command, int code, const std::vector<std::string> &texts = {}) {
        const Outcome outcome = console->run(command);
        EXPECT_EQ(outcome.code, code) << command << "\n" << outcome.output;
        for (const std::string &text : texts)
            EXPECT_NE(outcome.output.find(text), std::string::npos) << "no '" << text << "': " << outcome.output;
    }
    static nlohmann::json json(const std::string &command) { return nlohmann::json::parse(console->must(command)); }
    static double guest_uptime() { return std::stod(guest->must("cut -d ' ' -f 1 /proc/uptime")); }

    static inline std::unique_ptr<Console> console;
    static inline std::unique_ptr<GuestVm> guest;
};

TEST_F(VmLife, RunRefusesWhatCannotBe) {
    console->must(
        "head -c 100000 /boot/guest.vmlinuz >/tmp/cut.vmlinuz; : >/tmp/empty; printf 'nmae = x\\n' >/tmp/bad.vm");
    struct {
        std::string options;
        int code;
        std::vector<std::string> texts;
    } const rows[] = {
        {kRun, kUsage, {"needs a kernel", "--kernel"}},
        {kRun + "--kernel /none", kFailure, {"/none", "No such file"}},
        {kRun + "--kernel /tmp", kFailure, {"/tmp"}},
        {kRun + "--kernel /etc/passwd", kFailure, {"/etc/passwd", "bzImage"}},
        {kRun + "--kernel /tmp/empty", kFailure, {"/tmp/empty"}},
        {kRun + "--kernel /tmp/cut.vmlinuz", kFailure, {"/tmp/cut.vmlinuz"}},
        {kRun + kKernel + "--initrd /none", kFailure, {"/none", "No such file"}},
        {kRun + kKernel + "--memory 0", kUsage, {"needs memory"}},
        {kRun + kKernel + "--memory 128", kUsage, {"no unit"}},
        {kRun + kKernel + "--memory -1M", kUsage, {}},
        {kRun + kKernel + "--memory 100T", kUsage, {"more than a VM can have"}},
        {kRun + kKernel + "--memory 99999999999999999999G", kUsage, {}},
        {kRun + kKernel + "--memory 4M", kFailure, {"give the VM more memory"}},
        {kRun + kKernel + "--memory 60G", kRefused, {"61440 MiB", "could be had"}},
        {kRun + kKernel + "--vcpus 0", kUsage, {"1 to 32"}},
        {kRun + kKernel + "--vcpus 33", kUsage, {"1 to 32"}},
        {kRun + kKernel + "--vcpus 4294967297", kUsage, {"1 to 32"}},
        {"vmnix run --name ../x" + kKernel, kUsage, {"is no name"}},
        {"vmnix run --name ''" + kKernel, kUsage, {}},
        {"vmnix run --name -x" + kKernel, kUsage, {}},
        {"vmnix run --name \"$(printf 'a\\033[2J')\"" + kKernel, kUsage, {"is no name"}},
        {"vmnix run --name $(printf '%064d' 7)" + kKernel, kUsage, {}},
        {"vmnix run --name console" + kKernel, kUsage, {}},
        {"vmnix run --name web" + kKernel, kRefused, {"there is a VM 'web' already", "running"}},
        {kRun + kKernel + "--limit 50", kUsage, {"50%"}},
        {kRun + kKernel + "--reservation 60% --limit 50%", kUsage, {"beyond the limit"}},
        {kRun + kKernel + "--affinity 7", kUsage, {"CPUs 0 to 1"}},
        {"vmnix run /tmp/bad.vm", kUsage, {"/tmp/bad.vm", "no key 'nmae'"}},
        {"vmnix run /tmp/none.vm", kUsage, {"/tmp/none.vm"}},
        {"vmnix run", kUsage, {"nothing to run"}},
    };
    for (const auto &row : rows)
        expect(row.options, row.code, row.texts);
    EXPECT_EQ(json("vmnix list --all --json")["vms"].size(), 1u);
    const auto memory = expect_memory_adds_up(*console);
    EXPECT_EQ(memory["ram"], guest->setup().memory_mib << 20) << memory;
}

TEST_F(VmLife, OrdersWithoutSuchAVm) {
    for (const char *order : {"info", "console", "logs", "stop", "kill", "pause", "resume", "reset", "rm", "set"})
        expect(fmt::format("vmnix {} nobody", order), kNotFound, {"nobody"});
    expect("vmnix kill web2 nobody", kNotFound);
    EXPECT_EQ(guest->state(), "running");
}

TEST_F(VmLife, IsListedAndTold) {
    const auto list = json("vmnix list --json")["vms"];
    ASSERT_EQ(list.size(), 1u);
    EXPECT_EQ(list[0]["name"], "web");
    EXPECT_EQ(list[0]["state"], "running");
    EXPECT_EQ(list[0]["vcpus"], 2);
    EXPECT_EQ(list[0]["memory_bytes"], 96 << 20);
    expect("vmnix list", kOk, {"web", "running", "96.0 MiB"});
    expect("vmnix list --names", kOk, {"web\n"});
    const auto info = guest->info();
    EXPECT_EQ(info["vcpu_list"].size(), 2u);
    EXPECT_EQ(info["definition"]["kernel"], "/boot/guest.vmlinuz");
    EXPECT_GT(info["run_seconds"], 0.1);
    EXPECT_GT(info["console"]["written_bytes"], 100);
    // By name, id, UUID and the beginning of one.
    const std::string uuid = info["uuid"];
    for (const std::string &word : {info["id"].dump(), uuid, uuid.substr(0, 8)})
        EXPECT_EQ(json("vmnix info --json " + word)["uuid"], uuid);
    expect("vmnix info web", kOk, {"vCPU 1", uuid, "/boot/guest.cpio.gz"});
    guest->must("echo to-be-logged");
    expect("vmnix logs web", kOk, {"BusyBox", "to-be-logged"});
}

TEST_F(VmLife, ConsoleByPipes) {
    expect("printf 'echo $((6 * 7))-piped\\n' | vmnix console --timeout 3s web", kTimedOut, {"42-piped", "goes on"});
    expect_echo(*guest);
}

TEST_F(VmLife, PauseStandsStill) {
    guest->type("while :; do echo beat; sleep 0.1; done & echo $! >/tmp/beat");
    guest->wait_for("beat", "beat");
    console->must("vmnix pause web");
    EXPECT_EQ(guest->state(), "paused");
    const auto before = guest->info();
    console->must("sleep 2");
    const auto after = guest->info();
    EXPECT_EQ(after["console"]["written_bytes"], before["console"]["written_bytes"]);
    EXPECT_EQ(after["exits"], before["exits"]);
    EXPECT_EQ(after["run_seconds"], before["run_seconds"]);
    expect("vmnix stop web", kWrongState, {"it is paused", "vmnix resume web"});
    expect("vmnix pause web", kWrongState, {});
    expect("vmnix resume web", kOk, {"resumed"});
    expect("vmnix resume web", kWrongState, {"it runs"});
    console->must("sleep 1");
    EXPECT_GT(guest->info()["console"]["written_bytes"], after["console"]["written_bytes"]);
    guest->must("kill $(cat /tmp/beat)");
}

// A paused VM does not run at all, and sees afterwards that time has passed (docs/decisions/0023).
TEST_F(VmLife, PauseTakesTheCpus) {
    const double before = guest_uptime();
    console->must("vmnix pause web; sleep 1");
    const double run = guest->info()["run_seconds"].get<double>();
    console->must("sleep 3");
    EXPECT_EQ(guest->info()["run_seconds"].get<double>(), run);
    console->must("vmnix resume web");
    EXPECT_GE(guest_uptime() - before, 4);
    EXPECT_GT(guest->info()["run_seconds"].get<double>(), run);
}

TEST_F(VmLife, LimitHolds) {
    guest->must("for i in 1 2; do while :; do :; done & echo $! >>/tmp/busy; done");
    for (const double percent : {50.0, 30.0}) {
        console->must(fmt::format("vmnix set --limit {}% web; sleep 1", percent));
        const auto before = guest->info();
        console->must("sleep 6");
        const auto after = guest->info();
        const double share = (after["run_seconds"].get<double>() - before["run_seconds"].get<double>()) /
                             (after["uptime_seconds"].get<double>() - before["uptime_seconds"].get<double>());
        EXPECT_NEAR(100 * share, percent, 5);
        expect("vmnix set web", kOk, {fmt::format("{:.0f}%", percent)});
    }
    console->must("vmnix set --limit none --shares 500 web");
    EXPECT_EQ(guest->info()["share"]["shares"], 500);
    expect("vmnix set --shares 0 web", kUsage, {"1 to 100000"});
    expect("vmnix set --reservation 900% web", kUsage, {"reservation of 900%", "2 CPUs", "200%"});
    expect("vmnix set --reservation 200% web", kRefused, {"reservation of 200% cannot be had"});
    guest->must("kill $(cat /tmp/busy)");
}

TEST_F(VmLife, TopInBatches) {
    const Outcome top = console->run("vmnix top -d 0.3 -n 2 --json");
    EXPECT_TRUE(top.ok()) << top.output;
    std::istringstream in(top.output);
    unsigned lines = 0;
    for (std::string line; std::getline(in, line); ++lines)
        EXPECT_FALSE(nlohmann::json::parse(line).empty());
    EXPECT_EQ(lines, 2u);
    expect("vmnix top -n 1", kOk, {"exits/s"});
}

TEST_F(VmLife, ModuleStaysWhileThereAreVms) {
    EXPECT_NE(console->rmmod(), 0);
    expect("/etc/init.d/vmnix stop", kFailure, {"them first", "vmnix list --all"});
    expect("/etc/init.d/vmnix restart", kFailure, {"never stops a virtual machine"});
    EXPECT_EQ(guest->state(), "running");
    expect_under(*console);
}

// A guest that does not hear its button goes on; one that does ends.
TEST_F(VmLife, StopAsksAndWaits) {
    expect("vmnix rm web", kWrongState, {"it runs", "vmnix stop web"});
    guest->must("killall acpid");
    expect("vmnix stop --timeout 2s web", kTimedOut, {"has not ended within 2", "vmnix kill web"});
    EXPECT_EQ(guest->state(), "running");
    guest->must("acpid -l /dev/null");
    expect("vmnix shutdown --timeout 30s web", kOk, {"web: powered off"});
    EXPECT_EQ(guest->state(), "ended");
    expect("vmnix list", kOk, {"no VM runs"});
    expect("vmnix list --all", kOk, {"web", "powered off"});
    for (const char *order : {"stop", "kill", "pause", "resume"})
        expect(fmt::format("vmnix {} web", order), kWrongState, {"has ended (powered off)"});
}
