// SPDX-License-Identifier: GPL-2.0-only
#include "tests/machine/suites/vm.hpp"

#include <fmt/format.h>
#include <regex>

namespace suites {

namespace {

std::string last_of(const std::string &text) {
    constexpr std::size_t kEnough = 3000;
    return text.size() > kEnough ? text.substr(text.size() - kEnough) : text;
}

} // namespace

Vm::Vm(Console &console, std::string name, const std::string &command) : console_(console), name_(std::move(name)) {
    console_.must(command, Seconds(60));
}

Vm::~Vm() {
    try {
        console_.run("vmnix rm --force " + name());
    } catch (const std::exception &) { // the machine is lost, which its test tells
    }
}

nlohmann::json Vm::info() {
    return nlohmann::json::parse(console_.must("vmnix info --json " + name()));
}

std::string Vm::state() {
    return info()["state"];
}

std::string Vm::wait_for_end(Seconds limit) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    for (;;) {
        const auto now = info();
        if (now["state"] == "ended")
            return now["ending"].get<std::string>() + ": " + now["reason"].get<std::string>();
        if (std::chrono::steady_clock::now() > deadline)
            throw harness::Timeout(
                fmt::format("{} did not end within {} s:\n{}", name(), limit.count(), last_of(log())));
        console_.must("sleep 0.3");
    }
}

void Vm::kill() {
    console_.must("vmnix kill " + name());
}

// Who reads the machine's serial line takes a guest's panic for the machine's own.
std::string Vm::log() {
    return console_.must(fmt::format("vmnix logs {} | sed 's/Kernel panic/kernel panic/'", name()));
}

void Vm::wait_until_says(const std::string &text, Seconds limit) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    const std::string look = fmt::format("vmnix logs {} | grep -F '{}' >/dev/null", name(), text);
    while (!console_.run(look).ok()) {
        if (std::chrono::steady_clock::now() > deadline)
            throw harness::Timeout(fmt::format("{} did not say '{}' within {} s; it said last:\n{}", name(), text,
                                               limit.count(), last_of(log())));
        console_.must("sleep 0.3");
    }
}

std::string program_line(const std::string &name, const std::string &program, unsigned vcpus,
                         const std::string &options) {
    return fmt::format("vmnix run --name {} --kernel /usr/lib/vmnix/tests/vmtest.elf --memory 32M --vcpus {} "
                       "--append '{}' {}",
                       name, vcpus, program, options);
}

std::uint64_t ProgramVm::number(const std::string &word) {
    const std::string said = log();
    std::smatch match;
    if (!std::regex_search(said, match, std::regex("(^|\n)" + word + " ([0-9]+)\r?\n")))
        throw std::runtime_error(fmt::format("{} printed no '{}':\n{}", name(), word, last_of(said)));
    return std::stoull(match[2]);
}

} // namespace suites
