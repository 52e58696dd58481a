// SPDX-License-Identifier: GPL-2.0-only
#include "tests/machine/harness/debugger.hpp"

#include "tests/machine/harness/serial.hpp"

#include <cstring>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace harness {

using namespace std::chrono_literals;

Debugger::Debugger(const std::string &path) : descriptor_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    if (connect(descriptor_, reinterpret_cast<sockaddr *>(&address), sizeof address) != 0)
        throw std::runtime_error("no debugging port at " + path);
    ask("QStartNoAckMode");
    send_all("+");
}

Debugger::~Debugger() {
    try {
        if (running_)
            stop(); // while the machine runs the port takes nothing but this
        ask("D");
    } catch (const std::exception &) {
        // the machine is gone, and with it what there was to detach from
    }
    close(descriptor_);
}

void Debugger::send_all(const std::string &bytes) {
    for (std::size_t sent = 0; sent < bytes.size();) {
        const ssize_t some = ::send(descriptor_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
        if (some <= 0)
            throw std::runtime_error("the debugging port closed");
        sent += static_cast<std::size_t>(some);
    }
}

void Debugger::send(const std::string &packet) {
    unsigned sum = 0;
    for (unsigned char c : packet)
        sum += c;
    send_all(fmt::format("${}#{:02x}", packet, sum & 0xff));
}

std::string Debugger::receive(std::chrono::milliseconds limit) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    for (;;) {
        const std::size_t begin = pending_.find('$'), end = pending_.find('#', begin == std::string::npos ? 0 : begin);
        if (begin != std::string::npos && end != std::string::npos && end + 2 < pending_.size()) {
            const std::string packet = pending_.substr(begin + 1, end - begin - 1);
            pending_.erase(0, end + 3);
            return packet;
        }
        pollfd wait{descriptor_, POLLIN, 0};
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
        if (left <= 0ms || poll(&wait, 1, static_cast<int>(left.count())) <= 0)
            throw Timeout("the debugging port is silent");
        char bytes[1024];
        const ssize_t some = recv(descriptor_, bytes, sizeof bytes, 0);
        if (some <= 0)
            throw std::runtime_error("the debugging port closed");
        pending_.append(bytes, static_cast<std::size_t>(some));
    }
}

std::string Debugger::ask(const std::string &packet) {
    send(packet);
    const std::string answer = receive(10s);
    if (answer.starts_with('E'))
        throw std::runtime_error("the debugging port refuses " + packet + ": " + answer);
    return answer;
}

void Debugger::set_breakpoint(std::uint64_t address) {
    ask(fmt::format("Z1,{:x},1", address));
    breakpoint_ = address;
}

void Debugger::clear_breakpoint() {
    ask(fmt::format("z1,{:x},1", breakpoint_.value()));
    breakpoint_.reset();
}

void Debugger::go() {
    send("vCont;c");
    running_ = true;
}

// "T05thread:01;": gdb counts threads from 1.
unsigned Debugger::wait_for_stop(std::chrono::milliseconds limit) {
    const std::string answer = receive(limit);
    const std::size_t at = answer.find("thread:");
    if (answer[0] != 'T' || at == std::string::npos)
        throw std::runtime_error("unexpected stop: " + answer);
    running_ = false;
    std::string thread = answer.substr(at + 7);
    if (thread.starts_with('p'))
        thread = thread.substr(thread.find('.') + 1);
    return stopped_ = static_cast<unsigned>(std::stoul(thread, nullptr, 16)) - 1;
}

bool Debugger::stops_within(std::chrono::milliseconds limit) {
    try {
        wait_for_stop(limit);
        return true;
    } catch (const Timeout &) {
        return false;
    }
}

void Debugger::stop() {
    send_all("\x03");
    wait_for_stop(10s);
}

void Debugger::run_to(unsigned cpu, std::chrono::seconds limit) {
    do {
        go_past_breakpoint();
        wait_for_stop(limit);
    } while (stopped_ != cpu);
}

// A CPU that stands at a breakpoint stops there again unless it is taken over it.
void Debugger::go_past_breakpoint() {
    if (breakpoint_) {
        ask(fmt::format("z1,{:x},1", *breakpoint_));
        step(stopped_);
        ask(fmt::format("Z1,{:x},1", *breakpoint_));
    }
    go();
}

void Debugger::step(unsigned cpu) {
    send(fmt::format("vCont;s:{:x}", cpu + 1));
    wait_for_stop(10s);
}

std::uint64_t Debugger::instruction_pointer(unsigned cpu) {
    ask(fmt::format("Hg{:x}", cpu + 1));
    // General registers come first, 8 bytes each, in memory order; the 17th is rIP.
    const std::string registers = ask("g");
    std::uint64_t value = 0;
    for (unsigned byte = 0; byte < 8; ++byte)
        value |= std::stoull(registers.substr((16 * 8 + byte) * 2, 2), nullptr, 16) << (8 * byte);
    return value;
}

} // namespace harness
