// SPDX-License-Identifier: GPL-2.0-only
#include "console/check/check_view.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "console/text/sheet.hpp"

namespace console {

namespace {

using Verdict = CheckRow::Verdict;

std::string_view word(Verdict verdict) {
    switch (verdict) {
    case Verdict::Ok:
        return "ok";
    case Verdict::Refused:
        return "refused";
    case Verdict::Unknown:
        return "unknown";
    }
    return "";
}

Tone tone(Verdict verdict) {
    switch (verdict) {
    case Verdict::Ok:
        return Tone::Good;
    case Verdict::Refused:
        return Tone::Bad;
    case Verdict::Unknown:
        return Tone::Doubt;
    }
    return Tone::Plain;
}

// "refused  name  text", and the remedy below the text.
std::string row_text(const CheckRow &row, std::size_t name_width, const Style &style, unsigned width) {
    const std::string verdict = fmt::format("{:<9}", word(row.verdict));
    const std::size_t indent = verdict.size() + name_width + 2;
    const unsigned room = width > indent + 20 ? width - static_cast<unsigned>(indent) : width ? 20 : 0;
    std::string line = style.paint(tone(row.verdict), verdict);
    std::string left = fmt::format("{:<{}}", row.name, name_width + 2);
    if (row.text.empty() && row.remedy.empty())
        return line + row.name + "\n";
    std::string text;
    for (const std::string &part : wrap(row.text, room)) {
        text.append(line).append(left).append(part).append("\n");
        line.clear();
        left.assign(indent, ' ');
    }
    if (!row.remedy.empty())
        for (const std::string &part : wrap("-> " + row.remedy, room))
            text += std::string(indent, ' ') + style.paint(Tone::Strong, part) + "\n";
    return text;
}

std::string list_text(const std::string &title, const std::vector<std::string> &items, unsigned width) {
    if (items.empty())
        return {};
    std::string text = "\n" + title + ":\n";
    for (const std::string &item : items) {
        std::string mark = "- ";
        for (const std::string &part : wrap(item, width > 22 ? width - 2 : width)) {
            text += mark + part + "\n";
            mark = "  ";
        }
    }
    return text;
}

std::string conclusion(const CheckReport &report, const Style &style) {
    const unsigned refused = report.count(Verdict::Refused), unknown = report.count(Verdict::Unknown);
    const std::size_t rows = report.rows.size();
    if (refused)
        return style.paint(Tone::Bad, fmt::format("A launch would be refused ({} of {} rows).", refused, rows));
    if (unknown)
        return style.paint(Tone::Doubt, fmt::format("Nothing seen speaks against a launch; {} of {} rows could not be "
                                                    "judged.",
                                                    unknown, rows));
    return style.paint(Tone::Good, "Nothing speaks against a launch.");
}

} // namespace

std::string check_text(const CheckReport &report, const Style &style, unsigned width) {
    std::size_t name_width = 0;
    for (const CheckRow &row : report.rows)
        name_width = std::max(name_width, row.name.size());
    std::string text;
    for (const CheckRow &row : report.rows)
        text += row_text(row, name_width, style, width);
    text += list_text("Worth knowing", report.warnings, width);
    text += list_text("Not checked here", report.unseen, width);
    return text + "\n" + conclusion(report, style) + "\n";
}

Json check_json(const CheckReport &report) {
    Json rows = Json::array();
    for (const CheckRow &row : report.rows)
        rows.push_back(
            {{"name", row.name}, {"verdict", word(row.verdict)}, {"text", row.text}, {"remedy", row.remedy}});
    return {{"can_launch", !report.refused()},
            {"refused", report.count(Verdict::Refused)},
            {"unknown", report.count(Verdict::Unknown)},
            {"rows", std::move(rows)},
            {"warnings", report.warnings},
            {"not_checked", report.unseen}};
}

} // namespace console
