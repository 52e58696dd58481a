// SPDX-License-Identifier: GPL-2.0-only
#include "tests/machine/suites/console.hpp"

#include <cerrno>
#include <fmt/format.h>
#include <sstream>

namespace suites {

namespace {

// A line of the kernel's with one of these is a defect of ours until shown otherwise.
constexpr const char *kAlarms[] = {
    "WARNING:",
    "BUG:",
    "Oops",
    "Call Trace",
    "rcu: INFO",
    "soft lockup",
    "hard LOCKUP",
    "blocked for more than",
    "general protection",
    "unexpected",
    "Unexpected",
    "spurious",
    "Spurious",
    "unstable",
    "lost",
    "Machine check",
    "Hardware Error",
    "nobody cared",
    "NMI received",
    "timed out",
    "stuck",
    "corrupt",
    "Bad page",
    "double fault",
    "stack guard",
    "unhandled",
    "APIC error",
    "No irq handler",
    "vmnix: VMM panic",
};

bool contains_any(const std::string &line, const std::vector<std::string> &texts) {
    return std::any_of(texts.begin(), texts.end(), [&](const auto &text) { return line.find(text) != line.npos; });
}

std::vector<nlohmann::json> parse_lines(const std::string &text) {
    std::vector<nlohmann::json> values;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);)
        values.push_back(nlohmann::json::parse(line));
    return values;
}

} // namespace

bool whole_matrix() {
    const char *all = std::getenv("VMNIX_TEST_ALL");
    return all && *all;
}

Console::Console(Description description) : Machine(std::move(description)) {
    must("modprobe msr && modprobe cpuid");
    kernel_log();
}

int Console::insmod(const std::string &parameters, Seconds limit) {
    const Outcome outcome = probe("insmod " + kModule + parameters, limit);
    return outcome.ok() ? 0 : std::max(1, std::atoi(outcome.output.c_str()));
}

int Console::rmmod(Seconds limit) {
    const Outcome outcome = probe("rmmod vmkmod", limit);
    return outcome.ok() ? 0 : std::max(1, std::atoi(outcome.output.c_str()));
}

// An emulator on a busy host may stand still for longer than the module's own limit of a second.
void Console::launch(const std::string &parameters) {
    if (const int error = insmod("timeout_ms=10000 " + parameters))
        throw std::runtime_error(fmt::format("the launch failed with error {}:\n{}", error, kernel_log()));
}

void Console::leave() {
    if (const int error = rmmod())
        throw std::runtime_error(fmt::format("leaving failed with error {}:\n{}", error, kernel_log()));
}

void Console::load_poke() {
    must_probe("insmod /usr/lib/vmnix/tests/vmnix_poke.ko");
}

nlohmann::json Console::info() {
    return nlohmann::json::parse(must_probe("info"));
}

nlohmann::json Console::launch_record() {
    return nlohmann::json::parse(must_probe("launch"));
}

std::vector<nlohmann::json> Console::stats() {
    return parse_lines(must_probe("stats"));
}

std::uint64_t Console::nmi_count(unsigned cpu) {
    return std::stoull(must(fmt::format("awk '/NMI:/ {{ print ${} }}' /proc/interrupts", cpu + 2)));
}

void Console::start(const std::string &name, const std::string &command) {
    must(fmt::format("{1} >/tmp/{0} 2>&1 & echo $! >/tmp/{0}.pid", name, command));
}

void Console::wait_until_says(const std::string &name, const std::string &text) {
    must(fmt::format("i=0; until grep -q '{1}' /tmp/{0} || [ $i -gt 200 ]; do i=$((i + 1)); sleep 0.1; done; "
                     "grep -q '{1}' /tmp/{0}",
                     name, text));
}

bool Console::runs(const std::string &name) {
    return run(fmt::format("kill -0 $(cat /tmp/{}.pid)", name)).ok();
}

std::string Console::finish(const std::string &name, Seconds limit) {
    return must(fmt::format("wait $(cat /tmp/{0}.pid); cat /tmp/{0}", name), limit);
}

void Console::stop(const std::string &name) {
    run(fmt::format("kill -9 $(cat /tmp/{0}.pid); wait $(cat /tmp/{0}.pid)", name));
}

std::string Console::kernel_log() {
    return must("dmesg -c");
}

void expect_under(Console &console) {
    const Outcome outcome = console.probe("signature under");
    EXPECT_EQ(outcome.code, 0) << outcome.output;
}

void expect_bare(Console &console) {
    const Outcome signature = console.probe("signature bare");
    EXPECT_EQ(signature.code, 0) << signature.output;
    const Outcome efer = console.probe("svme-clear");
    EXPECT_EQ(efer.code, 0) << efer.output;
}

void expect_answers(Console &console) {
    const auto count = [&] {
        return std::stoull(console.must("awk '/^Icmp:/ { if (!n) { for (i = 1; i <= NF; i++) if ($i == \"InEchoReps\") "
                                        "n = i } else print $n }' /proc/net/snmp"));
    };
    constexpr unsigned kAnswers = 100, kTries = 100;
    const unsigned long long enough = count() + kAnswers;
    unsigned tries = 0;
    for (; tries < kTries && count() < enough; ++tries)
        console.must("sleep 0.2");
    EXPECT_LT(tries, kTries) << "no more pings are answered:\n" << console.must("cat /proc/interrupts");
}

void expect_works(Console &console) {
    const Outcome outcome = console.run(kProbe + "timers 1 && " + kProbe + "forks 20 && " + kProbe + "memory 8");
    EXPECT_EQ(outcome.code, 0) << outcome.output;
}

std::vector<std::string> alarming_lines(const std::string &log, const std::vector<std::string> &expected) {
    const std::vector<std::string> alarms(std::begin(kAlarms), std::end(kAlarms));
    std::vector<std::string> lines;
    std::istringstream in(log);
    for (std::string line; std::getline(in, line);)
        if (contains_any(line, alarms) && !contains_any(line, expected))
            lines.push_back(line);
    return lines;
}

void expect_clean_log(Console &console, const std::vector<std::string> &expected) {
    for (const std::string &line : alarming_lines(console.kernel_log(), expected))
        ADD_FAILURE() << line;
}

long Console::free_kib() {
    must("echo 3 >/proc/sys/vm/drop_caches");
    return std::stol(must("awk '/^MemFree/ { kib += $2 } $1 == \"count:\" { kib += 4 * $2 } "
                          "END { print kib }' /proc/meminfo /proc/zoneinfo"));
}

void expect_free_again(Console &console, long before_kib) {
    constexpr long kNoise = 1500; // less than an arena
    long free_kib = console.free_kib();
    for (unsigned tries = 0; tries < 20 && free_kib <= before_kib - kNoise; ++tries) {
        console.must("sleep 0.5");
        free_kib = console.free_kib();
    }
    EXPECT_GT(free_kib, before_kib - kNoise);
}

void expect_said(Console &console, const std::vector<std::string> &texts) {
    const std::string log = console.kernel_log();
    for (const std::string &text : texts)
        EXPECT_NE(log.find(text), log.npos) << "no '" << text << "' in:\n" << log;
}

ClockCheck::ClockCheck(Console &console) : console_(console), start_(read()) {}

ClockCheck::Reading ClockCheck::read() {
    Reading reading;
    reading.before = std::chrono::steady_clock::now();
    std::istringstream in(console_.must_probe("clocks"));
    reading.after = std::chrono::steady_clock::now();
    in >> reading.monotonic >> reading.battery;
    return reading;
}

// Our own clock brackets each reading, so that a slow answer widens the bounds and fails nothing.
void ClockCheck::expect_true() {
    const Reading end = read();
    const double shortest = Seconds(end.before - start_.after).count(),
                 longest = Seconds(end.after - start_.before).count();
    const double passed = end.monotonic - start_.monotonic;
    const double slack = 0.05 + 0.005 * longest; // the emulator's clock against the host's
    EXPECT_GE(passed, shortest - slack);
    EXPECT_LE(passed, longest + slack);
    const int battery = (end.battery - start_.battery + 86400) % 86400;
    EXPECT_NEAR(battery, passed, 1.5 + slack);
}

void expect_kvm_respected(Console &console, const std::string &module, const std::string &technology) {
    console.must("modprobe " + module);
    // Linux 6.12 turns virtualisation on when the module is loaded, 6.1 when a VM is made.
    console.start("vm", kProbe + "kvm-hold 300");
    console.wait_until_says("vm", "held");
    EXPECT_EQ(console.insmod(), EBUSY);
    expect_said(console, {technology + " is in use", "modprobe -r " + module});
    const Outcome busy = console.run("/etc/init.d/vmnix start");
    EXPECT_FALSE(busy.ok()) << busy.output;
    EXPECT_NE(busy.output.find("kvm"), std::string::npos) << busy.output;
    EXPECT_TRUE(console.run(fmt::format("grep -q {} /proc/modules", module)).ok());

    console.stop("vm");
    const Outcome idle = console.run("/etc/init.d/vmnix start");
    EXPECT_TRUE(idle.ok()) << idle.output;
    EXPECT_NE(idle.output.find(module), std::string::npos) << idle.output;
    expect_under(console);
    // While the VMM has the CPUs kvm cannot: it says so itself.
    EXPECT_FALSE(console.run("modprobe " + module).ok());
    // Stopping leaves the machine as it was found: kvm is loaded again, and may turn virtualisation on.
    console.must("/etc/init.d/vmnix stop");
    EXPECT_TRUE(console.probe("signature bare").ok());
    console.must(fmt::format("grep {0} /proc/modules && rmmod {0}", module));
    expect_bare(console);
}

} // namespace suites
