// SPDX-License-Identifier: GPL-2.0-only
#include "console/selftest/selftest_report.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "console/app/command_line.hpp"
#include "console/check/check_view.hpp"
#include "console/device/names.hpp"
#include "console/status/status_json.hpp"
#include "console/text/sheet.hpp"
#include "console/text/units.hpp"
#include "vmnix/abi/handover/image.h"

namespace console {

namespace {

using Outcome = SelftestStep::Outcome;

constexpr unsigned report_format = 1;
// Of `status`; the service console's package and last words are texts that others chose.
constexpr const char *sent_of_status[] = {"uptime_seconds", "version",          "build_id",  "hypercall_abi",
                                          "features",       "backend",          "tsc_khz",   "launch",
                                          "interrupt_mode", "isolation",        "exits",     "nested_paging_levels",
                                          "cpu_count",      "exits_per_second", "vmm_share", "cpus"};

Json versions() {
    const std::string text = version_text();
    return {{"command", text.substr(0, text.find('\n'))},
            {"hypercall_abi", VMNIX_HYPERCALL_ABI},
            {"handover_abi", VMNIX_HANDOVER_ABI}};
}

std::string_view result_word(const SelftestReport &report) {
    if (report.first_failed())
        return "failed";
    return report.finished ? "ok" : "unfinished";
}

Json step_json(const SelftestStep &step) {
    return {{"name", step.name},
            {"outcome", outcome_word(step.outcome)},
            {"seconds", step.seconds},
            {"text", step.text},
            {"remedy", step.remedy}};
}

Json sent_status(const StatusReport &status) {
    const Json all = status_json(status);
    Json json = Json::object();
    for (const char *key : sent_of_status)
        json[key] = all.at(key);
    return json;
}

Tone tone(Outcome outcome) {
    switch (outcome) {
    case Outcome::Ok:
        return Tone::Good;
    case Outcome::Failed:
        return Tone::Bad;
    default:
        return Tone::Doubt;
    }
}

std::string result_line(const SelftestReport &report) {
    if (const SelftestStep *failed = report.first_failed())
        return fmt::format("failed at {}", failed->name);
    const auto skipped = std::count_if(report.steps.begin(), report.steps.end(),
                                       [](const SelftestStep &step) { return step.outcome == Outcome::Skipped; });
    return skipped ? fmt::format("ok, with {} skipped", skipped) : "ok";
}

} // namespace

const SelftestStep *SelftestReport::first_failed() const {
    const auto found = std::find_if(steps.begin(), steps.end(),
                                    [](const SelftestStep &step) { return step.outcome == Outcome::Failed; });
    return found == steps.end() ? nullptr : &*found;
}

ExitCode SelftestReport::code() const {
    const SelftestStep *failed = first_failed();
    return failed ? failed->code : ExitCode::Ok;
}

std::string_view outcome_word(Outcome outcome) {
    switch (outcome) {
    case Outcome::Running:
        return "running";
    case Outcome::Ok:
        return "ok";
    case Outcome::Failed:
        return "failed";
    case Outcome::Skipped:
        return "skipped";
    }
    return "";
}

Json selftest_json(const SelftestReport &report) {
    Json steps = Json::array();
    std::transform(report.steps.begin(), report.steps.end(), std::back_inserter(steps), step_json);
    return {{"selftest", report_format},
            {"result", result_word(report)},
            {"exit_code", static_cast<int>(report.code())},
            {"versions", versions()},
            {"host", host_json(report.host)},
            {"steps", std::move(steps)},
            {"check", report.check ? check_json(*report.check) : Json()},
            {"status", report.status ? sent_status(*report.status) : Json()},
            {"clock", report.clock},
            {"vm", report.vm},
            {"kernel_log", report.kernel_log},
            {"vmm_log", report.vmm_log}};
}

std::string step_text(const SelftestStep &step, const Style &style) {
    const std::string word = fmt::format("{:<8}", outcome_word(step.outcome));
    const std::string time = step.outcome == Outcome::Skipped ? "" : duration(step.seconds);
    std::string text = fmt::format("{} {:<9} {}\n", style.paint(tone(step.outcome), word), time, step.text);
    if (!step.remedy.empty())
        text += fmt::format("{:28}{}\n", "", style.paint(Tone::Strong, "-> " + step.remedy));
    return text;
}

std::string selftest_text(const SelftestReport &report, const Style &style, unsigned width) {
    const HostFacts &host = report.host;
    Sheet sheet;
    sheet.add("result", result_line(report), report.first_failed() ? Tone::Bad : Tone::Good);
    sheet.add("CPU", fmt::format("{} {}, family {} model {} stepping {}, microcode {}", host.vendor, host.model_name,
                                 host.family, host.model, host.stepping, host.microcode));
    sheet.add("Linux", host.linux_release);
    if (report.status) {
        const StatusReport &status = *report.status;
        sheet.add("VMM", fmt::format("{}, {}", status.version(), backend_name(status.info.backend)));
        sheet.add("launch", fmt::format("{} CPUs stopped for {}", status.launch.cpus,
                                        duration(seconds_of(status.launch.stopped_tsc, status.info.tsc_khz))));
        sheet.add("exits", grouped(status.exits()));
    }
    sheet.add("registers", host.msrs.empty() ? "not read: " + host.msr_obstacle
                                             : fmt::format("{} of virtualisation read", host.msrs.size()));
    return sheet.render(style, width);
}

} // namespace console
