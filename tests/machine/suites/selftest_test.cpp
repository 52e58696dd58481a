// SPDX-License-Identifier: GPL-2.0-only
// What somebody with hardware is asked to run.
#include "tests/machine/suites/guest_vm.hpp"

#include <fmt/format.h>

using namespace suites;

TEST(Selftest, ReportsAndLeaves) {
    Console console({.one_thread = true});
    // An emulator on a busy host may stand still for longer than the module's own limit of a second.
    console.must("mkdir -p /etc/default && echo 'VMNIX_OPTIONS=timeout_ms=10000' >>/etc/default/vmnix");
    EXPECT_EQ(console.run("vmnix selftest </dev/null").code, 2); // nobody agreed
    expect_bare(console);

    const std::string shown = console.must("vmnix selftest --yes --memory 80M --report /tmp/report.json", Seconds(240));
    expect_bare(console);
    const auto report = nlohmann::json::parse(console.must("cat /tmp/report.json"));
    EXPECT_EQ(report["result"], "ok") << shown;
    for (const auto &step : report["steps"])
        EXPECT_EQ(step["outcome"], "ok") << step.dump();
    EXPECT_EQ(report["steps"].size(), 5u);
    EXPECT_EQ(report["host"]["vendor"], "AuthenticAMD");
    EXPECT_FALSE(report["host"]["msrs"].empty()) << report["host"].dump();
    EXPECT_EQ(report["host"]["under_vmm"], false);
    EXPECT_EQ(report["status"]["launch"]["cpus"], 2);
    EXPECT_GT(report["vm"]["exits"], 100);
    EXPECT_FALSE(report["kernel_log"].empty());
    EXPECT_NE(shown.find("vm       ok"), std::string::npos) << shown;

    // One that fails leaves as well, and no VM.
    const Outcome late =
        console.run("vmnix selftest --yes --memory 80M --expect 'it never says this' --timeout 3s", Seconds(240));
    EXPECT_EQ(late.code, 8) << late.output;
    expect_bare(console);

    // One that was there before stays.
    console.launch();
    const Outcome within = console.run("vmnix selftest --memory 80M </dev/null", Seconds(240));
    EXPECT_EQ(within.code, 0) << within.output;
    expect_under(console);
    EXPECT_EQ(console.must("vmnix list --all --names"), "");
    console.leave();
    expect_bare(console);
    expect_works(console);
    expect_clean_log(console);
}
