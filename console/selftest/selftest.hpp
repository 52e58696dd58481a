// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <functional>

#include "console/base/caught_signals.hpp"
#include "console/selftest/selftest_command.hpp"
#include "console/selftest/selftest_report.hpp"
#include "console/vm/options/vm_options.hpp"

namespace console {

// Goes through the steps. One that fails keeps those from their turn that need it, and never the way back.
class Selftest {
  public:
    // Told when a step begins and when it has ended.
    using Listener = std::function<void(const SelftestReport &, const SelftestStep &)>;

    // Failure: a mistake in the options. Nothing has happened yet.
    Selftest(Environment &environment, const SelftestOptions &options);

    bool vmm_runs() const { return vmm_ran_; } // already
    SelftestReport run(const Listener &told);
    const std::string &guest_said() const { return guest_said_; } // last, where its step failed

  private:
    struct End {
        SelftestStep::Outcome outcome;
        std::string text;
    };
    static End ok(std::string text) { return {SelftestStep::Outcome::Ok, std::move(text)}; }
    static End skipped(std::string text) { return {SelftestStep::Outcome::Skipped, std::move(text)}; }

    void step(const char *name, End (Selftest::*action)());
    End check();
    End launch();
    End look();
    End vm();
    End leave();
    void read_vmm();
    void read_kernel_log();
    bool under_vmm() const { return vmm_ran_ || launched_; }
    std::string without_paths(std::string text) const;

    Environment &environment_;
    const SelftestOptions &options_;
    VmOptions vm_options_;
    std::optional<CaughtSignals> signals_; // from when there is something to clean up
    SelftestReport report_;
    Listener told_;
    bool vmm_ran_ = false, refused_ = false, launched_ = false, interrupted_ = false;
    std::string guest_said_;
};

} // namespace console
