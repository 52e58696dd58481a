// SPDX-License-Identifier: GPL-2.0-only
#include "tests/campaign/injection.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <map>

namespace campaign {

namespace {

struct Row {
    unsigned injected = 0, no_effect = 0, came_back = 0, by_watchdog = 0, by_order = 0, wedged = 0, harmed = 0;
    unsigned deaths = 0, unproven = 0;
    double gap_before_ms = 0, gap_ms = 0;
    std::vector<double> seconds;

    void add(const Injection &one) {
        ++injected;
        no_effect += one.became == kNoEffect;
        came_back += one.became == kCameBack;
        by_watchdog += one.became == kCameBack && one.last_end == "watchdog";
        by_order += one.became == kWedged && !one.recovered.empty();
        wedged += one.became == kWedged && one.recovered.empty();
        harmed += one.became == kHarmed;
        deaths += one.deaths;
        unproven += one.deaths != 0 && !one.told;
        gap_ms = std::max(gap_ms, one.gap_ms);
        gap_before_ms = std::max(gap_before_ms, one.gap_before_ms);
        if (one.became == kCameBack)
            seconds.push_back(one.seconds);
    }
};

std::string line(const std::string &name, Row row) {
    std::sort(row.seconds.begin(), row.seconds.end());
    const std::string median = row.seconds.empty() ? "" : fmt::format("{:.0f}", row.seconds[row.seconds.size() / 2]);
    return fmt::format("| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {:.0f} | {:.0f} | {} |\n", name,
                       row.injected, row.no_effect, row.came_back, row.by_watchdog, row.by_order, row.wedged,
                       row.harmed, row.deaths, row.unproven, row.gap_before_ms, row.gap_ms, median);
}

std::string remark(const Injection &one) {
    return fmt::format("- {} ({}, seed {}): {}{}{}\n", one.number, one.kind, one.seed, one.became,
                       one.recovered.empty() ? "" : ", ended by " + one.recovered,
                       one.note.empty() ? "" : ": " + one.note);
}

const std::string kHead = R"(<!-- SPDX-License-Identifier: GPL-2.0-only -->
<!-- Written by `make campaign`. -->
# Consoles that died

Faults at random times and of random kinds in a service console with three VMs: a clock of 10 ms, a checker of 64 MiB of
memory, and load. Emulated machines with 2 CPUs, one after the other; one that is wedged is replaced.

- *no effect*: the same console answers afterwards. *came back*: it died, the next one attached, all VMs run, their memory
  is right. *watchdog*: so many of these by the VMM's watchdog, which is set to 5 s.
- *order*: no shell within the limit (60 to 120 s), and an operator's order ended it. *wedged*: not even that.
- *VM harmed*: a VM ended, is silent, its memory is wrong, or its clock stood still for more than 2 s.
- *deaths*: restarts that the VMM counted. *unproven*: the line that the fault writes into the kernel's log before it
  happens is not in the messages that the VMM kept.
- *gap*: the longest of the VM's clock, in ms, and that of the seconds before; both hold what the emulator's own host took.
  *shell*: median seconds from the fault to the next console's shell.

)";

} // namespace

void to_json(nlohmann::json &json, const Injection &one) {
    json = {{"number", one.number},
            {"kind", one.kind},
            {"seed", one.seed},
            {"became", one.became},
            {"end", one.last_end},
            {"recovered", one.recovered},
            {"told", one.told},
            {"deaths", one.deaths},
            {"as_expected", one.as_expected},
            {"gap_ms", one.gap_ms},
            {"note", one.note},
            {"seconds", one.seconds},
            {"gap_before_ms", one.gap_before_ms}};
}

void from_json(const nlohmann::json &json, Injection &one) {
    json.at("number").get_to(one.number);
    json.at("kind").get_to(one.kind);
    json.at("seed").get_to(one.seed);
    json.at("became").get_to(one.became);
    json.at("end").get_to(one.last_end);
    json.at("recovered").get_to(one.recovered);
    json.at("told").get_to(one.told);
    json.at("as_expected").get_to(one.as_expected);
    json.at("deaths").get_to(one.deaths);
    json.at("gap_ms").get_to(one.gap_ms);
    json.at("seconds").get_to(one.seconds);
    one.gap_before_ms = json.value("gap_before_ms", 0.0);
    json.at("note").get_to(one.note);
}

std::string table(const std::vector<Injection> &done, unsigned seed) {
    std::map<std::string, Row> rows;
    Row all;
    std::string remarks;
    for (const Injection &one : done) {
        rows[one.kind].add(one);
        all.add(one);
        const bool plain = one.became == kNoEffect || one.became == kCameBack;
        if (!plain || !one.as_expected || !one.note.empty())
            remarks += remark(one);
    }
    std::string text = kHead + fmt::format("Seed {}, {} injections.\n\n", seed, done.size()) +
                       "| kind | injected | no effect | came back | watchdog | order | wedged | VM harmed | deaths | "
                       "unproven | gap before | gap | shell |\n|---|---|---|---|---|---|---|---|---|---|---|---|---|\n";
    for (const auto &[kind, row] : rows)
        text += line(kind, row);
    text += line("**all**", all);
    return text + (remarks.empty() ? "" : "\n## Remarks\n" + remarks);
}

} // namespace campaign
