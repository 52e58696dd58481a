// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "console/base/exit_code.hpp"
#include "console/check/check_report.hpp"
#include "console/selftest/host_facts.hpp"
#include "console/status/status_report.hpp"
#include "console/text/json.hpp"
#include "console/text/style.hpp"

namespace console {

struct SelftestStep {
    enum class Outcome { Running, Ok, Failed, Skipped };
    std::string name;
    Outcome outcome = Outcome::Running;
    double seconds = 0;
    std::string text; // what was seen, why it failed, or why it was skipped
    std::string remedy;
    ExitCode code = ExitCode::Ok; // of one that failed
};

// All that a selftest found. What it does not hold is not sent: no names of the machine, its network or its users.
// NOLINTNEXTLINE(bugprone-exception-escape): its JSON moves without throwing, which the check does not see
struct SelftestReport {
    HostFacts host;
    std::vector<SelftestStep> steps;
    std::optional<CheckReport> check;
    std::optional<StatusReport> status; // read last under the VMM
    Json clock;                         // a second, by each clock that tells one
    Json vm;
    std::vector<std::string> kernel_log; // lines of ours
    std::vector<std::string> vmm_log;
    bool finished = false;

    const SelftestStep *first_failed() const;
    ExitCode code() const; // of the first step that failed
};

std::string_view outcome_word(SelftestStep::Outcome outcome);
Json selftest_json(const SelftestReport &report);
// What follows a step's name when it has ended.
std::string step_text(const SelftestStep &step, const Style &style);
// What stands below the steps.
std::string selftest_text(const SelftestReport &report, const Style &style, unsigned width);

} // namespace console
