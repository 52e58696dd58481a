// SPDX-License-Identifier: GPL-2.0-only
#include "tests/bench/row.hpp"

#include <fmt/format.h>

namespace bench {
namespace {

// 12345678 -> "12,345,678".
std::string grouped(double value, int decimals) {
    std::string text = fmt::format("{:.{}f}", value, decimals);
    const std::size_t point = text.find('.');
    const std::size_t first = text[0] == '-' ? 1 : 0;
    for (std::size_t at = point == std::string::npos ? text.size() : point; at > first + 3; at -= 3)
        text.insert(at - 3, ",");
    return text;
}

std::string shown(const std::optional<double> &value, int decimals) {
    return value ? grouped(*value, decimals) : "-";
}

const char *verdict(const Row &row) {
    if (!row.value)
        return "not measured";
    if (!row.target)
        return "";
    return row.met() ? "met" : "MISSED";
}

} // namespace

void print(const std::vector<Row> &rows) {
    constexpr const char *kLine = "{:<52} {:>11} {:>11} {:>7} {:<12} {}\n";
    fmt::print(kLine, "instructions, unless it says otherwise", "ours", "to reach", "costly", "", "quoted");
    for (const Row &row : rows)
        fmt::print(kLine, row.what, shown(row.value, row.decimals), shown(row.target, row.decimals),
                   shown(row.costly, 0), verdict(row), row.quoted);
    fmt::print("\nquoted: figures of others, not run here unless it says so; measured on the same emulated CPU "
               "(docs/decisions).\n"
               "costly: serialising or microcoded operations per exit, each of which counts as one instruction.\n");
    for (const Row &row : rows)
        if (!row.note.empty())
            fmt::print("{}: {}\n", row.what, row.note);
}

nlohmann::json to_json(const std::vector<Row> &rows) {
    const auto number = [](const std::optional<double> &value) {
        return value ? nlohmann::json(*value) : nlohmann::json();
    };
    nlohmann::json list = nlohmann::json::array();
    for (const Row &row : rows)
        list.push_back({{"id", row.id},
                        {"what", row.what},
                        {"value", number(row.value)},
                        {"target", number(row.target)},
                        {"met", row.target ? nlohmann::json(row.met()) : nlohmann::json()},
                        {"costly", number(row.costly)},
                        {"quoted", row.quoted},
                        {"note", row.note}});
    return {{"unit", "instructions"}, {"rows", list}};
}

} // namespace bench
