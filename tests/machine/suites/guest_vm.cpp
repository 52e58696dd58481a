// SPDX-License-Identifier: GPL-2.0-only
#include "tests/machine/suites/guest_vm.hpp"

#include <fmt/format.h>
#include <random>
#include <regex>

namespace suites {

namespace {

const std::string kPrompt = "guest# ";

std::string quoted(const std::string &text) {
    std::string out = "'";
    for (char c : text)
        out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return out + "'";
}

} // namespace

std::string run_line(const VmSetup &setup) {
    const std::string of = setup.kernel.empty() ? "guest" : "guest-" + setup.kernel; // Description::archive
    const std::string image = setup.image.empty() ? "/boot/" + of + ".vmlinuz" : setup.image,
                      initrd = setup.initrd.empty() ? "/boot/" + of + ".cpio.gz" : setup.initrd;
    return fmt::format("vmnix run --name {} --kernel {} --initrd {} --vcpus {} --memory {}M "
                       "--append 'console=ttyS0 quiet {}' {}",
                       setup.name, image, initrd, setup.vcpus, setup.memory_mib, setup.append, setup.options);
}

GuestVm::GuestVm(Console &console, VmSetup setup, bool waits)
    : Vm(console, setup.name, run_line(setup)), setup_(std::move(setup)) {
    attach();
    if (waits)
        wait_for_shell(setup_.limit);
}

GuestVm::~GuestVm() {
    try {
        console_.run(fmt::format("kill $(cat {}); rm -f /tmp/vm-{}.*", file("pid"), name()));
    } catch (const std::exception &) { // the machine is lost, which its test tells
    }
}

// The pipe is opened for both directions, so that it never ends.
void GuestVm::attach() {
    console_.must(fmt::format("rm -f {0}; mkfifo {0}; vmnix console {1} 0<>{0} >{2} 2>{3} & echo $! >{4}", file("in"),
                              name(), file("out"), file("err"), file("pid")));
}

void GuestVm::type(const std::string &line) {
    console_.must(typing(line));
}

std::string GuestVm::typing(const std::string &line) const {
    return fmt::format("printf '%s\\n' {} >{}", quoted(line), file("in"));
}

std::string GuestVm::wait_for(const std::string &begin, const std::string &end, Seconds limit) {
    return after(":", begin, end, limit);
}

std::string GuestVm::after(const std::string &command, const std::string &begin, const std::string &end,
                           Seconds limit) {
    const int seconds = std::max(1, static_cast<int>(limit.count()));
    const Outcome outcome = console_.run(
        fmt::format("{}; {}await {} {} {} {}", command, kProbe, file("out"), quoted(begin), quoted(end), seconds),
        limit + Seconds(60));
    if (!outcome.ok())
        throw harness::Timeout(fmt::format("{} did not say '{}' within {} s; it said last:\n{}\n{}", name(), end,
                                           seconds, screen(), console_.run("vmnix list --all").output));
    return outcome.output;
}

// A shell that neither echoes nor prompts.
void GuestVm::take_over_shell(Seconds limit) {
    type("stty -echo; exec sh -s 2>&1 | cat");
    commands_ += 1000; // markers of the shell before are not ours
    run(":", limit);
}

void GuestVm::wait_for_shell(Seconds limit) {
    wait_for("", kPrompt, limit);
    take_over_shell(limit);
}

void GuestVm::reset(Seconds limit) {
    console_.must("vmnix reset " + name(), Seconds(60));
    console_.run(fmt::format("kill $(cat {}); wait $!", file("pid")));
    attach();
    wait_for_shell(limit);
}

// Markers are put together by printf: should the line be echoed, the echo is not taken for the marker.
Outcome GuestVm::run(const std::string &command, Seconds limit) {
    const unsigned number = ++commands_;
    const std::string code = fmt::format("@code {} ", number);
    const std::string line = fmt::format(
        "printf '@%s {0}@\\n' begin; {{ {1}; }} </dev/null 2>&1; printf '@%s {0} %d@%s {0}@\\n' code $? end", number,
        command);
    Outcome outcome;
    outcome.output = after(typing(line), fmt::format("@begin {}@", number), fmt::format("@end {}@", number), limit);
    const std::size_t at = outcome.output.rfind(code);
    outcome.code = std::stoi(outcome.output.substr(at + code.size()));
    outcome.output.resize(at);
    if (outcome.output.starts_with('\n'))
        outcome.output.erase(0, 1);
    return outcome;
}

std::string GuestVm::must(const std::string &command, Seconds limit) {
    Outcome outcome = run(command, limit);
    if (!outcome.ok())
        throw std::runtime_error(
            fmt::format("{}: '{}' ended with {}:\n{}", name(), command, outcome.code, outcome.output));
    return outcome.output;
}

std::string GuestVm::screen() {
    return console_.must(fmt::format("tail -c 3000 {} | sed 's/Kernel panic/kernel panic/'", file("out")));
}

void GuestVm::expect_clean_log(std::vector<std::string> expected) {
    // Linux 6.1 on any AMD CPU without an invariant TSC, as the emulator's; it takes the paravirtual clock.
    expected.push_back("Marking TSC unstable due to TSCs unsynchronized");
    const std::string log = must("dmesg");
    const std::vector<std::string> alarming = alarming_lines(log, expected);
    EXPECT_TRUE(alarming.empty()) << name() << ": " << fmt::format("{}", fmt::join(alarming, "\n")) << "\nin:\n" << log;
    // Shorter ones happen when our own host is busy.
    EXPECT_FALSE(std::regex_search(log, std::regex("hrtimer: interrupt took [0-9]{10,} ns"))) << log;
}

void expect_echo(GuestVm &guest) {
    std::random_device entropy;
    const std::string token = fmt::format("{:08x}", entropy());
    EXPECT_EQ(guest.must("echo " + token), token + "\n") << guest.name();
}

nlohmann::json expect_memory_adds_up(Console &console) {
    auto memory = nlohmann::json::parse(console.must_probe("vm-memory"));
    const auto of = [&](const char *part) { return memory[part].get<std::uint64_t>(); };
    EXPECT_EQ(of("given"), of("frames") + of("ram") + of("free") + of("dirty") + of("package")) << memory;
    return memory;
}

void expect_nothing_given(Console &console) {
    nlohmann::json memory;
    for (unsigned tries = 0; tries < 30; ++tries) {
        memory = expect_memory_adds_up(console);
        if (memory["vms"] == 0 && memory["given"] == memory["package"])
            return;
        console.must("sleep 0.2");
    }
    ADD_FAILURE() << "still given: " << memory << "\n" << console.run("vmnix list --all").output;
}

} // namespace suites
