// SPDX-License-Identifier: GPL-2.0-only
#include "console/top/rates_view.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <numeric>

#include "console/device/names.hpp"
#include "console/text/table.hpp"
#include "console/text/units.hpp"

namespace console {

namespace {

constexpr unsigned fixed_width = 4 + 9 + 11 + 7 + 11; // vcpu, state, exits, VMM, rest; two blanks before each column
constexpr unsigned kind_width = 11;                   // nine digits and commas, two blanks

constexpr unsigned steady_width = 7; // holds all but the busiest

using Kinds = std::vector<std::size_t>;

// The kinds that get a column, in the order of the ABI: all, or the busiest that fit.
Kinds shown_kinds(const Rates &rates, unsigned columns) {
    Kinds kinds(rates.total.exits.size());
    std::iota(kinds.begin(), kinds.end(), 0);
    const std::size_t fit = columns > fixed_width ? (columns - fixed_width) / kind_width : 0;
    if (columns == 0 || fit >= kinds.size())
        return kinds;
    const auto busier = [&](std::size_t a, std::size_t b) { return rates.total.exits[a] > rates.total.exits[b]; };
    std::stable_sort(kinds.begin(), kinds.end(), busier);
    kinds.resize(fit);
    std::sort(kinds.begin(), kinds.end());
    return kinds;
}

std::vector<Table::Cell> cells(const CpuRates &cpu, const std::string &name, const std::string &state,
                               const Kinds &kinds) {
    const std::string share = cpu.vmm_share > 0 ? fmt::format("{:.1f}%", 100 * cpu.vmm_share) : "-";
    std::vector<Table::Cell> row{{name}, {state}, {rate(cpu.total), Tone::Strong}, {share}};
    double rest = cpu.total;
    for (const std::size_t kind : kinds) {
        row.push_back({rate(cpu.exits[kind]), cpu.exits[kind] > 0 ? Tone::Plain : Tone::Faint});
        rest -= cpu.exits[kind];
    }
    if (kinds.size() < cpu.exits.size())
        row.push_back({rate(rest > 0.001 ? rest : 0)}); // what differences of sums leave behind is no event
    return row;
}

Table table_for(const Kinds &kinds, std::size_t all_kinds) {
    Table table;
    table.column("vCPU", Align::Left);
    table.column("state", Align::Left);
    table.column("exits/s", Align::Right, 9);
    table.column("VMM", Align::Right, 5);
    for (const std::size_t kind : kinds)
        table.column(std::string(exit_name(static_cast<std::uint32_t>(kind)).column), Align::Right, steady_width);
    if (kinds.size() < all_kinds)
        table.column("rest", Align::Right, steady_width);
    return table;
}

} // namespace

std::string rates_table(const Rates &rates, const Style &style, TextSize size, std::size_t first_row) {
    const Kinds kinds = shown_kinds(rates, size.columns);
    Table table = table_for(kinds, rates.total.exits.size());
    const std::size_t count = rates.cpus.size();
    std::size_t room = count;
    if (size.rows != 0 && count + 2 > size.rows)  // titles and the sum
        room = size.rows > 3 ? size.rows - 3 : 1; // and the line about the others
    const std::size_t first = std::min(first_row, count - std::min(count, room));
    for (std::size_t i = first; i < std::min(count, first + room); ++i) {
        const CpuRates &cpu = rates.cpus[i];
        table.row(cells(cpu, std::to_string(cpu.vcpu), std::string(vcpu_state_name(cpu.state)), kinds));
    }
    table.row(cells(rates.total, "all", "", kinds));
    std::string text = table.render(style);
    if (room < count)
        text += style.paint(Tone::Faint, fmt::format("{} of {} vCPUs shown, from {}", room, count, first)) + "\n";
    return text;
}

Json rates_json(const Rates &rates) {
    Json cpus = Json::array();
    for (const CpuRates &cpu : rates.cpus) {
        Json exits = Json::object();
        for (std::uint32_t kind = 0; kind < cpu.exits.size(); ++kind)
            exits[std::string(exit_name(kind).key)] = cpu.exits[kind];
        cpus.push_back({{"vcpu", cpu.vcpu},
                        {"apic_id", cpu.apic_id},
                        {"state", vcpu_state_key(cpu.state)},
                        {"exits_per_second", cpu.total},
                        {"exits", std::move(exits)},
                        {"injected_interrupts_per_second", cpu.injected_interrupts},
                        {"timer_fired_per_second", cpu.timer_fired},
                        {"vmm_share", cpu.vmm_share}});
    }
    return {{"seconds", rates.seconds}, {"exits_per_second", rates.total.total}, {"vcpus", std::move(cpus)}};
}

} // namespace console
