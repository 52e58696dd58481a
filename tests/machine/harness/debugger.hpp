// SPDX-License-Identifier: GPL-2.0-only
// The emulator's debugging port: stops a machine at an address and steps one CPU. Only what the tests need of the
// protocol (gdb's manual, appendix E).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace harness {

class Debugger {
  public:
    // Connecting stops the machine. `socket` is what the machine's -gdb option names.
    explicit Debugger(const std::string &socket);
    ~Debugger(); // detaches: the machine runs on
    Debugger(const Debugger &) = delete;

    void set_breakpoint(std::uint64_t address); // one at a time
    void clear_breakpoint();
    void go();
    void stop();
    // The CPU (from 0) that came to a breakpoint; throws Timeout.
    unsigned wait_for_stop(std::chrono::milliseconds limit);
    bool stops_within(std::chrono::milliseconds limit);
    // Goes on until this CPU stops at a breakpoint, whatever others do meanwhile.
    void run_to(unsigned cpu, std::chrono::seconds limit);
    void step(unsigned cpu); // one instruction, the other CPUs stand still
    std::uint64_t instruction_pointer(unsigned cpu);

  private:
    void go_past_breakpoint();
    void send_all(const std::string &bytes);
    void send(const std::string &packet);
    std::string receive(std::chrono::milliseconds limit);
    std::string ask(const std::string &packet);
    int descriptor_;
    std::string pending_;
    bool running_ = false;
    unsigned stopped_ = 0;
    std::optional<std::uint64_t> breakpoint_;
};

} // namespace harness
