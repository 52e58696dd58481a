// SPDX-License-Identifier: GPL-2.0-only
// A console that dies by many kinds of faults and is started again, and VMs that watch it.
#pragma once

#include "tests/machine/suites/guest_vm.hpp"

#include <map>

namespace suites {

struct Fault {
    std::string name;
    std::vector<std::string> ends; // what the VMM may say of it; empty: anything
    Seconds limit = Seconds(60);   // until the next console's shell
    unsigned deaths = 1;           // of consoles, at most
    bool may_be_survived = false;  // without any effect that is seen
    std::string before, command;   // at the shell; the probe's `crash NAME SEED` when empty. {seed}, {delay}
};

// All that there are.
const std::vector<Fault> &faults();
const Fault &fault(const std::string &name);

// How the VMs fared since the last time.
struct Witnessed {
    double gap_ms = 0;             // the longest between two beats of a clock of 10 ms
    std::vector<std::string> harm; // empty: none
};

class MortalConsole : public Console {
  public:
    // Launched, with a package of its own kernel, without a limit of restarts, and three VMs that watch.
    explicit MortalConsole(Description machine = {}, const std::string &parameters = "");

    enum class Outcome { Unharmed, CameBack, Silent };
    // The fault, and what follows. Silent: no shell answers within the fault's limit.
    Outcome suffer(const Fault &fault, unsigned seed);
    // After Silent: an operator's last means, an order typed at whatever listens.
    bool answers_to_order();

    nlohmann::json status(); // `vmnix service-console status --json`
    unsigned generation() { return status()["generation"]; }
    // The last console's messages have the line that the probe wrote before this fault.
    bool was_told(const Fault &fault, unsigned seed);
    Witnessed witness();
    void remove_witnesses();

  private:
    void register_package();
    void start_witnesses();
    bool wait_for_console(Seconds limit, bool &survived);
    std::map<std::string, unsigned> seconds_; // what each witness told last
    unsigned generation_ = 0;
};

} // namespace suites
