// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "console/base/failure.hpp"
#include "console/vm/record/vm_directory.hpp"

namespace console {

// Presses VMs' power buttons and waits for them together. Nobody is killed unless that is asked for.
class Stopper {
  public:
    struct Outcome {
        std::string name;
        std::string text;               // how it ended
        std::optional<Failure> failure; // why it did not
    };

    Stopper(Environment &environment, VmDirectory &vms, double timeout, bool kill_late)
        : environment_(environment), vms_(vms), timeout_(timeout), kill_late_(kill_late) {}

    // In this order; all have been asked before the waiting begins. `told` gets each outcome as it comes.
    void stop(const std::vector<VmRecord> &list, const std::function<void(const Outcome &)> &told);

  private:
    void press(const std::vector<VmRecord> &list);
    bool collect_ended();
    void wait();
    void finish_late();
    void progress(double left);

    Environment &environment_;
    VmDirectory &vms_;
    double timeout_;
    bool kill_late_;
    std::function<void(const Outcome &)> told_;
    std::vector<VmRecord> waiting_;
    bool line_open_ = false;
};

} // namespace console
