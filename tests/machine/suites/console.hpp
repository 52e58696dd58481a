// SPDX-License-Identifier: GPL-2.0-only
// The words that the suites speak in: launch, leave, and what must hold before, between and after.
#pragma once

#include "tests/machine/harness/machine.hpp"

#include <gtest/gtest.h>

namespace suites {

using harness::Description;
using harness::Machine;
using harness::Outcome;
using harness::Seconds;

inline const std::string kProbe = "/usr/lib/vmnix/tests/vmnix-probe ";
// A busy host may stop the emulator this long. Whoever waits longer waits for a defect: what is shorter is counted in
// instructions, by `make bench`.
inline constexpr Seconds kStall{2};
inline const std::string kModule = "/lib/modules/$(uname -r)/extra/vmkmod.ko ";

// A machine with what the checks below need loaded, and a kernel log that holds nothing of the boot.
class Console : public Machine {
  public:
    explicit Console(Description description = {});

    Outcome probe(const std::string &command, Seconds limit = Seconds(60)) { return run(kProbe + command, limit); }
    std::string must_probe(const std::string &command, Seconds limit = Seconds(60)) {
        return must(kProbe + command, limit);
    }

    // The error number of loading the module, 0 when it launched.
    int insmod(const std::string &parameters = "", Seconds limit = Seconds(60));
    int rmmod(Seconds limit = Seconds(60));
    void launch(const std::string &parameters = ""); // throws when it fails
    void leave();
    void load_poke(); // the test module

    nlohmann::json info();
    nlohmann::json launch_record();
    std::vector<nlohmann::json> stats(); // by CPU
    std::uint64_t nmi_count(unsigned cpu);

    // A command in the background, by name; its output is in /tmp/<name>.
    void start(const std::string &name, const std::string &command);
    void wait_until_says(const std::string &name, const std::string &text);
    bool runs(const std::string &name);
    std::string finish(const std::string &name, Seconds limit = Seconds(60)); // waits for its end: its output
    void stop(const std::string &name);                                       // kills it and waits

    // Memory that nobody uses, in KiB, with what lies in the kernel's lists of free pages by CPU: tens of MiB at times,
    // and not in MemFree.
    long free_kib();

    // The kernel log since the last call.
    std::string kernel_log();
};

// Each EXPECTs, with what it saw.
void expect_under(Console &console);   // every online CPU is a guest of the VMM
void expect_bare(Console &console);    // every online CPU is Linux's own, and virtualisation is off in each
void expect_answers(Console &console); // the flood of pings that this machine sends goes on
void expect_works(Console &console);   // timers come, processes fork, memory holds
// The lines of a kernel's log that look like a defect. `expected` may occur all the same.
std::vector<std::string> alarming_lines(const std::string &log, const std::vector<std::string> &expected = {});
// Nothing alarming in the kernel log since last time. `expected` may occur all the same.
void expect_clean_log(Console &console, const std::vector<std::string> &expected = {});
// As much memory is free as there was, but for what Linux itself keeps more of. It gives back when it likes to.
void expect_free_again(Console &console, long before_kib);
// What the module said since last time, for messages that a user must be given.
void expect_said(Console &console, const std::vector<std::string> &texts);
// KVM's `module` with a VM refuses the launch and stays; without one the service takes it out and puts it back.
void expect_kvm_respected(Console &console, const std::string &module, const std::string &technology);
// The clock that the guest keeps went as fast as ours since the pair was made.
class ClockCheck {
  public:
    explicit ClockCheck(Console &console);
    void expect_true();

  private:
    struct Reading {
        std::chrono::steady_clock::time_point before, after;
        double monotonic = 0;
        int battery = 0; // seconds of the day
    };
    Reading read();
    Console &console_;
    Reading start_;
};

bool whole_matrix(); // make test-all

} // namespace suites
