// SPDX-License-Identifier: GPL-2.0-only
#include "console/vm/list/list_command.hpp"

#include "tests/unit/console/vm_rig.hpp"

using namespace console;
using test::FakeVm;
using test::VmRig;
using testing::HasSubstr;
using testing::Not;

namespace {

struct ListRig : VmRig {
    ListRig() {
        ::setenv("TZ", "UTC", 1);
        ::tzset();
        FakeVm &web = vms().add("web");
        web.info.run_tsc = 500'000; // of two seconds
        FakeVm &db = vms().add("db", VMNIX_VM_STATE_PAUSED);
        db.info.memory = 2ull << 30;
        FakeVm &old = vms().add("old");
        vms().tsc = 2'000'000;
        vms().end(old, VMNIX_VM_CRASHED);
        std::strcpy(old.info.reason, "triple fault\x1b[2J");
        vms().tsc = 3'000'000;
    }
};

} // namespace

TEST(VmList, ShowsThoseThatLive) {
    ListRig rig;
    ASSERT_EQ(rig.command({"list"}), ExitCode::Ok);
    EXPECT_THAT(rig.out.text, testing::ContainsRegex("id  name  state    vCPUs     memory    CPU     up"));
    EXPECT_THAT(rig.out.text, testing::ContainsRegex(" 1  web   running      2  128.0 MiB  25.0%  2.0 s"));
    EXPECT_THAT(rig.out.text, testing::ContainsRegex(" 2  db    paused       2    2.0 GiB   0.0%  2.0 s"));
    EXPECT_THAT(rig.out.text, Not(HasSubstr("old")));
}

TEST(VmList, AllTellsHowAndWhenOthersEnded) {
    ListRig rig;
    ASSERT_EQ(rig.command({"list", "--all"}), ExitCode::Ok);
    EXPECT_THAT(rig.out.text, HasSubstr("crashed: triple fault\\x1b[2J, 2027-01-15 07:59:59 (1.0 s ago)"));
    EXPECT_THAT(rig.out.text, HasSubstr("web"));
}

TEST(VmList, ForMachines) {
    ListRig rig;
    ASSERT_EQ(rig.command({"list", "-a", "--json"}), ExitCode::Ok);
    const auto vms = rig.json()["vms"];
    ASSERT_EQ(vms.size(), 3u);
    EXPECT_EQ(vms[0]["name"], "web");
    EXPECT_EQ(vms[0]["state"], "running");
    EXPECT_EQ(vms[0]["cpu_share"], 0.25);
    EXPECT_EQ(vms[0]["memory_bytes"], 128 << 20);
    EXPECT_EQ(vms[0]["started"], "2027-01-15T07:59:58Z");
    EXPECT_FALSE(vms[0].contains("ending"));
    EXPECT_EQ(vms[2]["ending"], "crashed");
    EXPECT_EQ(vms[2]["ended"], "2027-01-15T07:59:59Z");
    EXPECT_EQ(vms[2]["uptime_seconds"], 1.0);
}

TEST(VmList, NamesOnly) {
    ListRig rig;
    ASSERT_EQ(rig.command({"list", "--names"}), ExitCode::Ok);
    EXPECT_EQ(rig.out.text, "web\ndb\n");
    ASSERT_EQ(rig.command({"list", "--all", "--names"}), ExitCode::Ok);
    EXPECT_EQ(rig.out.text, "web\ndb\nold\n");
}

TEST(VmList, NoneIsSaid) {
    VmRig rig;
    ASSERT_EQ(rig.command({"list"}), ExitCode::Ok);
    EXPECT_THAT(rig.out.text, HasSubstr("there is no VM"));
    rig.vms().end(rig.vms().add("web"), VMNIX_VM_KILLED);
    ASSERT_EQ(rig.command({"list"}), ExitCode::Ok);
    EXPECT_THAT(rig.out.text, HasSubstr("one has ended (vmnix list --all)"));
    ASSERT_EQ(rig.command({"list", "--json"}), ExitCode::Ok);
    EXPECT_EQ(rig.json()["vms"].size(), 0u);
}

TEST(VmInfo, TellsEverything) {
    VmRig rig;
    ASSERT_EQ(rig.command({"run", "--name", "web", "--kernel", rig.kernel(), "--append", "quiet", "--limit", "50%"}),
              ExitCode::Ok);
    ASSERT_EQ(rig.command({"info", "web"}), ExitCode::Ok);
    for (const std::string &text :
         {std::string("state    running, up for"), "kernel   " + rig.kernel(), std::string("append   quiet"),
          std::string("CPU      shares 1000, reservation none, limit 50%, affinity all"),
          std::string("vCPU 0   running on CPU 0; 500 ms run")})
        EXPECT_THAT(rig.out.text, HasSubstr(text));
    ASSERT_EQ(rig.command({"info", "web", "--json"}), ExitCode::Ok);
    EXPECT_EQ(rig.json()["definition"]["kernel"], rig.kernel());
    EXPECT_EQ(rig.json()["share"]["limit_percent"], 50.0);
    EXPECT_EQ(rig.json()["share"]["affinity"], nullptr);
    EXPECT_EQ(rig.json()["vcpu_list"][0]["exits"]["port"], 7);
}

TEST(VmInfo, AForeignDefinitionIsNoMatter) {
    VmRig rig;
    rig.vms().add("web");
    ASSERT_EQ(rig.command({"info", "web"}), ExitCode::Ok);
    EXPECT_THAT(rig.out.text, Not(HasSubstr("kernel")));
    ASSERT_EQ(rig.command({"info", "web", "--json"}), ExitCode::Ok);
    EXPECT_EQ(rig.json()["definition"], nullptr);
}

TEST(VmNames, NameIdUuidAndItsBeginningFind) {
    VmRig rig;
    rig.vms().add("web");
    rig.vms().add("2nd");
    const auto name_of = [&](const std::string &word) {
        return rig.command({"info", word, "--json"}) == ExitCode::Ok ? rig.json()["name"].get<std::string>() : "none";
    };
    EXPECT_EQ(name_of("web"), "web");
    EXPECT_EQ(name_of("2"), "2nd");
    EXPECT_EQ(name_of("ab010000-0000-0000-0000-000000000000"), "web");
    EXPECT_EQ(name_of("AB02"), "2nd");
    EXPECT_EQ(name_of("ab0"), "none"); // too short for a beginning
    EXPECT_EQ(rig.command({"info", "nobody"}), ExitCode::NotFound);
    EXPECT_THAT(rig.err.text, HasSubstr("there is no VM 'nobody'"));
    EXPECT_EQ(rig.command({"info", "console"}), ExitCode::NotFound);
    EXPECT_THAT(rig.err.text, HasSubstr("the service console is no VM"));
}

TEST(VmNames, ABeginningOfSeveralUuidsIsRefused) {
    VmRig rig;
    rig.vms().add("web");
    rig.vms().add("db").info.uuid[1] = 1;
    EXPECT_EQ(rig.command({"kill", "ab01"}), ExitCode::NotFound);
    EXPECT_THAT(rig.err.text, HasSubstr("several VMs: web, db"));
    EXPECT_EQ(rig.vms().named("web").info.state, std::uint32_t{VMNIX_VM_STATE_RUNNING});
}
