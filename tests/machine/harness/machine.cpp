// SPDX-License-Identifier: GPL-2.0-only
#include "tests/machine/harness/machine.hpp"

#include "tests/machine/harness/host.hpp"
#include "tests/machine/harness/paths.hpp"

#include <fmt/format.h>
#include <iostream>
#include <thread>

namespace harness {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {
// An emulated boot takes 3 to 10 s. On a busy host it may stall for reasons of Linux's own (an unlucky timer
// calibration): then, and only then, it is tried again.
constexpr Seconds kBootLimit(90);
constexpr unsigned kBoots = 3;
const std::string kPrompt = "vmnix:~# ";
// After these nobody answers any more, and waiting would only take time.
const std::string kKernelEnd = "Kernel panic", kVmmEnd = "*** the VMM has stopped";
} // namespace

Machine::Machine(Description description) : description_(std::move(description)), folder_(paths::output()) {
    if (!description_.shares_places)
        places_.emplace(1);
    boot();
}

Machine::~Machine() {
    end();
}

void Machine::boot() {
    for (unsigned attempt = 1;; ++attempt) {
        try {
            title_ = Host::instance().unique("m");
            emulator_ = Emulator::start(description_, title_, folder_);
            open_session(kBootLimit);
            return;
        } catch (const Timeout &) {
            end();
            if (attempt == kBoots)
                throw;
            std::cout << "[   RETRY  ] " << title_ << " did not reach its shell\n";
        }
    }
}

Seconds Machine::patient(Seconds limit) const {
    return emulator_ ? limit * emulator_->patience() : limit;
}

void Machine::open_session(Seconds limit) {
    if (serial().wait_for_any({kPrompt, kKernelEnd}, patient(limit)) != 0)
        throw Timeout("the kernel panicked while booting:\n" + serial().tail());
    take_over_shell(limit);
}

void Machine::take_over_shell(Seconds limit) {
    lost_.clear();
    // A shell that neither echoes nor prompts, and a kernel that does not write between its lines.
    serial().type("dmesg -n 1; stty -echo; exec sh -s 2>&1 | cat\n");
    commands_ += 1000; // markers of the session before are not ours
    run(":", limit);
}

void Machine::wait_for_shell(Seconds limit) {
    open_session(limit);
}

void Machine::wait_for_crash_kernel(Seconds limit) {
    serial().wait_for_any({kKernelEnd}, patient(limit));
    open_session(limit);
}

Outcome Machine::run(const std::string &command, Seconds limit) {
    const std::string begin = fmt::format("@@begin {}@@\n", ++commands_), end = fmt::format("@@end {} ", commands_);
    if (!lost_.empty())
        throw std::runtime_error("'" + command + "' not tried: the machine is lost");
    // Markers are put together by printf: should the line be echoed, the echo is not taken for the marker.
    serial().type(
        fmt::format("printf '@@%s {0}@@\\n' begin; {{\n{1}\n}} </dev/null; printf '@@%s {0} %d@@\\n' end $?\n",
                    commands_, command));
    limit = patient(limit);
    const auto started = std::chrono::steady_clock::now();
    auto left = [&] { return std::max(Seconds(0.1), Seconds(limit - (std::chrono::steady_clock::now() - started))); };
    const auto wait = [&](const std::string &text) {
        std::string before;
        if (const std::size_t which = serial().wait_for_any({text, kKernelEnd, kVmmEnd}, left(), &before)) {
            std::this_thread::sleep_for(1s); // the report's remaining lines
            lost_ = fmt::format("{} during '{}':\n{}", which == 1 ? kKernelEnd : kVmmEnd, command, serial().tail(6000));
            throw std::runtime_error(lost_);
        }
        return before;
    };
    try {
        wait(begin);
        Outcome outcome;
        outcome.output = wait(end);
        outcome.code = std::stoi(wait("@@"));
        return outcome;
    } catch (const Timeout &timeout) {
        throw Timeout("'" + command + "': " + timeout.what());
    }
}

std::string Machine::must(const std::string &command, Seconds limit) {
    Outcome outcome = run(command, limit);
    if (!outcome.ok())
        throw std::runtime_error(fmt::format("'{}' ended with {}:\n{}", command, outcome.code, outcome.output));
    return outcome.output;
}

nlohmann::json Machine::monitor(const std::string &command, const nlohmann::json &arguments) {
    return emulator_->monitor(command, arguments);
}

std::string Machine::human_monitor(const std::string &command) {
    return monitor("human-monitor-command", {{"command-line", command}}).get<std::string>();
}

std::uint64_t Machine::read_word(std::uint64_t physical) {
    std::uint64_t word = 0;
    read_memory(physical, std::as_writable_bytes(std::span(&word, 1)));
    return word;
}

fs::path Machine::save_memory(std::uint64_t physical, std::uint64_t bytes) {
    fs::path file = folder_ / Host::instance().unique("memory");
    monitor("pmemsave", {{"val", physical}, {"size", bytes}, {"filename", file.string()}});
    return file;
}

void Machine::wait_for_end(Seconds limit) {
    const auto deadline = std::chrono::steady_clock::now() + patient(limit);
    while (alive()) {
        if (std::chrono::steady_clock::now() > deadline)
            throw Timeout("the machine did not end; it said last:\n" + serial().tail());
        std::this_thread::sleep_for(100ms);
    }
    if (emulator_ && !emulator_->powered_off())
        throw std::runtime_error("the machine ended, but not by itself; it said last:\n" + serial().tail());
}

void Machine::end() {
    emulator_.reset();
}

} // namespace harness
