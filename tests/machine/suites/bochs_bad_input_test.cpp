// SPDX-License-Identifier: GPL-2.0-only
// CPUs that lack something, in Bochs: models of before what is needed, and models of which features are taken away.
#include "tests/machine/suites/guest_vm.hpp"

#include <cerrno>
#include <fmt/ranges.h>
#include <gmock/gmock.h>

using namespace suites;

namespace {

void expect_refused(Console &console, int error, const std::vector<std::string> &said) {
    EXPECT_EQ(console.insmod(), error);
    expect_said(console, said);
    EXPECT_NE(console.run("modprobe msr; vmnix check").code, 0);
    expect_works(console);
}

} // namespace

TEST(BochsRefuses, CpuWithoutVirtualisation) {
    Console console({.bochs = harness::kHaswell, .cpus = 1, .without = {"vmx"}});
    expect_refused(console, ENODEV, {"does not offer VT-x", "firmware"});
}

// Of 2008: VT-x before its true controls, EPT and VPID.
TEST(BochsRefuses, CpuWithoutNestedPaging) {
    Console console({.bochs = "core2_penryn_t9600", .cpus = 1});
    expect_refused(console, ENODEV, {"VT-x lacks", "use a newer CPU"});
}

// Of 2009: EPT, but no guest without paging.
TEST(BochsRefuses, CpuWithoutUnrestrictedGuest) {
    Console console({.bochs = "corei5_lynnfield_750", .cpus = 1});
    expect_refused(console, ENODEV, {"VT-x lacks unrestricted guest", "use a newer CPU"});
}

// The firmware's switch, VM_CR.SVMDIS, which QEMU does not have. AMD APM vol. 2, 15.4.
TEST(BochsRefuses, SvmSwitchedOff) {
    Console console({.bochs = harness::kRyzen, .cpus = 1});
    console.load_poke();
    console.must_probe("kernel-msr w 0xc0010114 0x10");
    expect_refused(console, EPERM, {"SVM is disabled on CPU 0 (VM_CR.SVMDIS)", "firmware"});
}

TEST(BochsKvm, InUseThenIdle) {
    Console console({.bochs = harness::kHaswell, .cpus = 1});
    expect_kvm_respected(console, "kvm_intel", "VT-x");
}

// What a CPU may lack: launch, a VM and the leave are as with it.
class BochsLacks : public testing::TestWithParam<std::vector<std::string>> {};

TEST_P(BochsLacks, WorksAllTheSame) {
    Console console({.bochs = harness::kHaswell, .cpus = 1, .without = GetParam()});
    console.launch();
    expect_under(console);
    {
        GuestVm guest(console, {.limit = Seconds(200)});
        expect_echo(guest);
        guest.expect_clean_log();
        guest.type("poweroff");
        EXPECT_EQ(guest.wait_for_end(), "powered_off: ");
    }
    expect_nothing_given(console);
    console.leave();
    expect_bare(console);
    expect_works(console);
    expect_clean_log(console);
}

namespace {

// Each by itself in make test-all; together in make test.
std::vector<std::vector<std::string>> removable() {
    const std::vector<std::vector<std::string>> each = {{"pcid", "invpcid"}, {"1g_pages"}, {"tsc_deadline"},
                                                        {"x2apic"},          {"mwait"},    {"smep"},
                                                        {"fsgsbase"},        {"rdtscp"},   {"xsaveopt"}};
    std::vector<std::string> all;
    for (const auto &features : each)
        all.insert(all.end(), features.begin(), features.end());
    std::vector<std::vector<std::string>> runs = {all};
    if (whole_matrix())
        runs.insert(runs.end(), each.begin(), each.end());
    return runs;
}

std::string name_of(const testing::TestParamInfo<std::vector<std::string>> &info) {
    return fmt::format("{}", fmt::join(info.param, "_"));
}

} // namespace

INSTANTIATE_TEST_SUITE_P(Features, BochsLacks, testing::ValuesIn(removable()), name_of);
