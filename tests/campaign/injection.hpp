// SPDX-License-Identifier: GPL-2.0-only
// One fault, and what became of the console and its VMs.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace campaign {

inline constexpr const char *kNoEffect = "no effect", *kCameBack = "came back", *kWedged = "wedged",
                            *kHarmed = "VM harmed", *kNotInjected = "not injected";

struct Injection {
    unsigned number = 0;
    std::string kind;
    unsigned seed = 0; // of the fault, and what its own line in the log has
    std::string became;
    std::string last_end;    // what the VMM says of the console that died
    std::string recovered;   // what ended a wedge: order, or nothing
    bool told = false;       // the fault's line is in the dead console's messages
    bool as_expected = true; // last_end is one that this fault has
    unsigned deaths = 0;
    double gap_before_ms = 0;       // of the span before the fault
    double gap_ms = 0, seconds = 0; // the longest of a VM's clock; until the next shell
    std::string note;
};

void to_json(nlohmann::json &json, const Injection &injection);
void from_json(const nlohmann::json &json, Injection &injection);

// The documents' table.
std::string table(const std::vector<Injection> &done, unsigned seed);

} // namespace campaign
