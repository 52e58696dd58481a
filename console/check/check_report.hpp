// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <string>
#include <vector>

namespace console {

struct CheckRow {
    enum class Verdict { Ok, Refused, Unknown };
    std::string name;
    Verdict verdict = Verdict::Ok;
    std::string text;   // why, or what is worth knowing
    std::string remedy; // when refused or unknown
};

struct CheckReport {
    std::vector<CheckRow> rows;
    std::vector<std::string> warnings; // of a machine that is accepted
    std::vector<std::string> unseen;   // what only the module checks

    unsigned count(CheckRow::Verdict verdict) const;
    bool refused() const { return count(CheckRow::Verdict::Refused) > 0; }
};

} // namespace console
