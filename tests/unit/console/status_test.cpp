// SPDX-License-Identifier: GPL-2.0-only
#include "console/status/status_command.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "tests/unit/console/fakes.hpp"

using namespace console;
using test::Rig;
using testing::HasSubstr;
using testing::MatchesRegex;

TEST(Status, TellsWhatAPersonWantsToKnow) {
    Rig rig;
    EXPECT_EQ(run_status(rig.environment, {}), ExitCode::Ok);
    for (const char *text : {
             "state          running for 2.0 s; this Linux is its service console\n",
             "version        1.2.3, build 000102030405060708090a0b0c0d0e0f10111213, hypercall ABI 1\n",
             "backend        AMD SVM with nested paging\n",
             "CPUs           2 (2 running)\n",
             "memory         32.0 MiB held at 0x30000000, 8.0 MiB of it used (25%)\n",
             "launch         stopped 2 CPUs for 42.0 us (42 ticks), after 3 ms (3,000 ticks) of preparation",
             "memory after 2 tries\n",
             "interrupts     xAPIC\n",
             "nested paging  5 levels\n",
             "isolation      none: no IOMMU guards memory",
             "exits          201 since the launch, 101 per second on average",
             "log            100 B (vmnix dmesg)\n",
             "silicon        untested: ",
         })
        EXPECT_THAT(rig.out.text, HasSubstr(text));
    EXPECT_THAT(rig.out.text, Not(HasSubstr("test build")));
    EXPECT_EQ(rig.err.text, "");
}

TEST(Status, CountsOfflineCpusApart) {
    Rig rig;
    rig.machine.cpus[1].state = VMNIX_VCPU_WAIT_FOR_SIPI;
    run_status(rig.environment, {});
    EXPECT_THAT(rig.out.text, HasSubstr("CPUs           2 (1 offline, 1 running)\n"));
}

TEST(Status, ShowsX2apicGuardAndTestBuild) {
    Rig rig;
    rig.machine.info.x2apic = 1;
    rig.machine.info.isolation = VMNIX_ISOLATION_GUARDED;
    rig.machine.info.features |= VMNIX_FEATURE_TEST;
    run_status(rig.environment, {});
    EXPECT_THAT(rig.out.text, HasSubstr("interrupts     x2APIC\n"));
    EXPECT_THAT(rig.out.text, HasSubstr("isolation      guarded: an IOMMU guards memory"));
    EXPECT_THAT(rig.out.text, HasSubstr("test build     "));
}

TEST(Status, ShowsTheShareOfTheVmmOnlyWhereItIsCounted) {
    Rig rig;
    run_status(rig.environment, {});
    EXPECT_THAT(rig.out.text, Not(HasSubstr("of CPU time")));
    rig.out.text.clear();
    rig.machine.cpus[0].vmm_tsc = 40'000; // of two CPUs in two seconds
    run_status(rig.environment, {});
    EXPECT_THAT(rig.out.text, HasSubstr("1.00% of CPU time in the VMM"));
}

TEST(Status, SaysWhenTheLogLostItsBeginning) {
    Rig rig;
    rig.machine.info.log_head = 1 << 20;
    run_status(rig.environment, {});
    EXPECT_THAT(rig.out.text, HasSubstr("log            the last 64.0 KiB of 1.0 MiB (vmnix dmesg)\n"));
}

TEST(Status, UnknownNumbersOfANewerVmmAreNotMisread) {
    Rig rig;
    rig.machine.info.backend = 99;
    rig.machine.info.isolation = 99;
    rig.machine.cpus[0].state = 99;
    rig.machine.cpus[0].exits[20] = 7;
    EXPECT_EQ(run_status(rig.environment, {}), ExitCode::Ok);
    EXPECT_THAT(rig.out.text, HasSubstr("backend        unknown\n"));
    EXPECT_THAT(rig.out.text, HasSubstr("isolation      unknown: "));
    EXPECT_THAT(rig.out.text, HasSubstr("1 running, 1 unknown"));
    EXPECT_THAT(rig.out.text, HasSubstr("exits          208 since"));
}

TEST(Status, JsonHasTheDocumentedKeys) {
    Rig rig;
    EXPECT_EQ(run_status(rig.environment, {.json = true}), ExitCode::Ok);
    const auto json = nlohmann::json::parse(rig.out.text);
    EXPECT_EQ(json["state"], "running");
    EXPECT_EQ(json["uptime_seconds"], 2.0);
    EXPECT_EQ(json["version"], "1.2.3");
    EXPECT_EQ(json["build_id"], "000102030405060708090a0b0c0d0e0f10111213");
    EXPECT_EQ(json["backend"], "svm");
    EXPECT_EQ(json["features"]["event"], true);
    EXPECT_EQ(json["features"]["test"], false);
    EXPECT_EQ(json["memory"]["held_bytes"], 32 << 20);
    EXPECT_EQ(json["memory"]["used_bytes"], 8 << 20);
    EXPECT_EQ(json["launch"]["stopped_ticks"], 42);
    EXPECT_EQ(json["launch"]["stopped_seconds"], 42e-6);
    EXPECT_EQ(json["interrupt_mode"], "xapic");
    EXPECT_EQ(json["nested_paging_levels"], 5);
    EXPECT_EQ(json["isolation"]["level"], "none");
    EXPECT_EQ(json["exits"], 201);
    EXPECT_EQ(json["silicon"]["tested"], false);
    ASSERT_EQ(json["cpus"].size(), 2u);
    EXPECT_EQ(json["cpus"][1]["apic_id"], 11);
    EXPECT_EQ(json["cpus"][1]["state"], "running");
    EXPECT_EQ(json["cpus"][1]["exits"]["cpuid"], 101);
    EXPECT_EQ(json["cpus"][1]["exits"].size(), std::size_t{VMNIX_EXIT_KINDS});
}

TEST(Status, JsonSurvivesAVersionThatIsNoText) {
    Rig rig;
    std::memset(rig.machine.info.version, 0xff, sizeof rig.machine.info.version); // and without a NUL
    EXPECT_EQ(run_status(rig.environment, {.json = true}), ExitCode::Ok);
    EXPECT_TRUE(nlohmann::json::accept(rig.out.text));
}

TEST(Status, NotLoadedIsAnAnswer) {
    Rig rig;
    rig.unload();
    EXPECT_EQ(run_status(rig.environment, {}), ExitCode::NotRunning);
    EXPECT_EQ(rig.out.text, "state  not loaded: Linux runs on the bare machine\nto do  start it\n");
    rig.out.text.clear();
    EXPECT_EQ(run_status(rig.environment, {.json = true}), ExitCode::NotRunning);
    const auto json = nlohmann::json::parse(rig.out.text);
    EXPECT_EQ(json["state"], "not loaded");
    EXPECT_EQ(json["remedy"], "start it");
    EXPECT_EQ(json["exit_code"], 3);
}
