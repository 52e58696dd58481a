// SPDX-License-Identifier: GPL-2.0-only
#include "tests/machine/harness/machine.hpp"

#include "tests/machine/harness/host.hpp"
#include "tests/machine/harness/paths.hpp"

#include <fmt/format.h>
#include <fstream>
#include <iostream>
#include <libvirt/libvirt-qemu.h>
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
            start();
            open_session(description_.counts_instructions ? 4 * kBootLimit : kBootLimit);
            return;
        } catch (const Timeout &) {
            end();
            if (attempt == kBoots)
                throw;
            std::cout << "[   RETRY  ] " << title_ << " did not reach its shell\n";
        }
    }
}

void Machine::start() {
    Host &host = Host::instance();
    title_ = host.unique("m");
    const std::string log = folder_ / fmt::format("{}.{}.serial.log", title_, description_.name());
    const std::string xml =
        description_.domain_xml(title_, paths::initrd(description_.kernel, description_.archive), log);
    std::ofstream(folder_ / (title_ + ".xml")) << xml;
    domain_ = virDomainCreateXML(host.connection(), xml.c_str(), VIR_DOMAIN_START_PAUSED);
    if (!domain_)
        throw LibvirtError("starting " + description_.name());
    serial_ = std::make_unique<Serial>(domain_);
    resume();
}

void Machine::open_session(Seconds limit) {
    if (serial_->wait_for_any({kPrompt, kKernelEnd}, limit) != 0)
        throw Timeout("the kernel panicked while booting:\n" + serial_->tail());
    take_over_shell(limit);
}

void Machine::take_over_shell(Seconds limit) {
    lost_.clear();
    // A shell that neither echoes nor prompts, and a kernel that does not write between its lines.
    serial_->type("dmesg -n 1; stty -echo; exec sh -s 2>&1 | cat\n");
    commands_ += 1000; // markers of the session before are not ours
    run(":", limit);
}

void Machine::wait_for_shell(Seconds limit) {
    open_session(limit);
}

void Machine::wait_for_crash_kernel(Seconds limit) {
    serial_->wait_for_any({kKernelEnd}, limit);
    open_session(limit);
}

Outcome Machine::run(const std::string &command, Seconds limit) {
    const std::string begin = fmt::format("@@begin {}@@\n", ++commands_), end = fmt::format("@@end {} ", commands_);
    if (!lost_.empty())
        throw std::runtime_error("'" + command + "' not tried: the machine is lost");
    // Markers are put together by printf: should the line be echoed, the echo is not taken for the marker.
    serial_->type(
        fmt::format("printf '@@%s {0}@@\\n' begin; {{\n{1}\n}} </dev/null; printf '@@%s {0} %d@@\\n' end $?\n",
                    commands_, command));
    const auto started = std::chrono::steady_clock::now();
    auto left = [&] { return std::max(Seconds(0.1), Seconds(limit - (std::chrono::steady_clock::now() - started))); };
    const auto wait = [&](const std::string &text) {
        std::string before;
        if (const std::size_t which = serial_->wait_for_any({text, kKernelEnd, kVmmEnd}, left(), &before)) {
            std::this_thread::sleep_for(1s); // the report's remaining lines
            lost_ = fmt::format("{} during '{}':\n{}", which == 1 ? kKernelEnd : kVmmEnd, command, serial_->tail(6000));
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

nlohmann::json Machine::monitor(const std::string &command, nlohmann::json arguments) {
    const std::string request = nlohmann::json{{"execute", command}, {"arguments", std::move(arguments)}}.dump();
    char *text = nullptr;
    if (virDomainQemuMonitorCommand(domain_, request.c_str(), &text, 0) < 0)
        throw LibvirtError("monitor command " + command);
    const nlohmann::json answer = nlohmann::json::parse(text);
    std::free(text);
    if (answer.contains("error"))
        throw std::runtime_error("monitor command " + command + ": " + answer["error"].dump());
    return answer["return"];
}

std::string Machine::human_monitor(const std::string &command) {
    return monitor("human-monitor-command", {{"command-line", command}}).get<std::string>();
}

void Machine::read_memory(std::uint64_t physical, std::span<std::byte> out) {
    while (!out.empty()) {
        const std::size_t piece = std::min<std::size_t>(out.size(), 64 * 1024); // libvirt's limit
        if (virDomainMemoryPeek(domain_, physical, piece, out.data(), VIR_MEMORY_PHYSICAL) < 0)
            throw LibvirtError(fmt::format("memory at {:#x}", physical));
        physical += piece;
        out = out.subspan(piece);
    }
}

std::uint64_t Machine::read_word(std::uint64_t physical) {
    std::uint64_t word = 0;
    read_memory(physical, std::as_writable_bytes(std::span(&word, 1)));
    return word;
}

fs::path Machine::save_memory(std::uint64_t physical, std::uint64_t bytes) {
    const fs::path file = folder_ / Host::instance().unique("memory");
    monitor("pmemsave", {{"val", physical}, {"size", bytes}, {"filename", file.string()}});
    return file;
}

void Machine::inject_nmi() {
    if (virDomainInjectNMI(domain_, 0) < 0)
        throw LibvirtError("NMI");
}

void Machine::reset() {
    if (virDomainReset(domain_, 0) < 0)
        throw LibvirtError("reset");
}

void Machine::pause() {
    if (virDomainSuspend(domain_) < 0)
        throw LibvirtError("pause");
}

void Machine::resume() {
    if (virDomainResume(domain_) < 0)
        throw LibvirtError("resume");
}

bool Machine::alive() const {
    int state = 0, reason = 0;
    return domain_ && virDomainGetState(domain_, &state, &reason, 0) == 0 && state != VIR_DOMAIN_SHUTOFF;
}

void Machine::wait_for_end(Seconds limit) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (alive()) {
        if (std::chrono::steady_clock::now() > deadline)
            throw Timeout("the machine did not end; it said last:\n" + serial_->tail());
        std::this_thread::sleep_for(100ms);
    }
}

void Machine::end() {
    serial_.reset();
    if (!domain_)
        return;
    if (alive())
        virDomainDestroyFlags(domain_, VIR_DOMAIN_DESTROY_GRACEFUL);
    virDomainFree(domain_);
    domain_ = nullptr;
}

} // namespace harness
