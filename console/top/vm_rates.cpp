// SPDX-License-Identifier: GPL-2.0-only
#include "console/top/vm_rates.hpp"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>

#include "console/device/exit_counts.hpp"
#include "console/device/names.hpp"
#include "console/dmesg/log_text.hpp"
#include "console/text/table.hpp"
#include "console/text/units.hpp"
#include "console/vm/options/vm_name.hpp"

namespace console {

namespace {

constexpr std::uint32_t service_console = 0;
constexpr unsigned steady_width = 7;

VmSample::Vm console_counters(VmmDevice &device, std::uint32_t cpus) {
    VmSample::Vm sum{service_console, std::string(service_console_name), VMNIX_VM_STATE_RUNNING, cpus, 0, 0, 0, 0, 0};
    for (std::uint32_t vcpu = 0; vcpu < cpus; ++vcpu) {
        const auto world = device.world(service_console, vcpu);
        if (!world)
            continue;
        sum.tsc = std::max(sum.tsc, world->tsc);
        sum.run_tsc += world->run_tsc;
        sum.ready_tsc += world->ready_tsc;
        sum.wait_tsc += world->wait_tsc;
        for (const std::uint64_t count : exit_counts(*world))
            sum.exits += count;
    }
    return sum;
}

VmSample::Vm vm_counters(const vmnix_vm_info &info) {
    return {info.id,        printable({info.name, strnlen(info.name, sizeof info.name)}),
            info.state,     info.vcpus,
            info.tsc,       info.run_tsc,
            info.ready_tsc, info.wait_tsc,
            info.exits};
}

// A counter that went back was reset with its VM: everything it shows is new.
double growth(std::uint64_t before, std::uint64_t after) {
    return static_cast<double>(after >= before ? after - before : after);
}

VmRates::Vm rates_of(const VmSample::Vm &before, const VmSample::Vm &after, double seconds) {
    const double ticks = growth(before.tsc, after.tsc);
    const auto share = [&](std::uint64_t VmSample::Vm::*counter) {
        return ticks > 0 ? growth(before.*counter, after.*counter) / ticks : 0;
    };
    return {after.id,
            after.name,
            after.state,
            after.vcpus,
            share(&VmSample::Vm::run_tsc),
            share(&VmSample::Vm::ready_tsc),
            share(&VmSample::Vm::wait_tsc),
            seconds > 0 ? growth(before.exits, after.exits) / seconds : 0};
}

std::string percent(double share) {
    return fmt::format("{:.1f}%", 100 * share);
}

Table titled_table() {
    Table table;
    table.column("name", Align::Left, 10);
    table.column("state", Align::Left, steady_width);
    table.column("vCPUs", Align::Right);
    for (const char *title : {"%run", "%ready", "%wait"})
        table.column(title, Align::Right, steady_width);
    table.column("exits/s", Align::Right, 9);
    return table;
}

} // namespace

VmSample VmSample::read_from(VmmDevice &device, const vmnix_info &vmm) {
    VmSample sample;
    if (!(vmm.features & VMNIX_FEATURE_VMS))
        return sample;
    sample.vms.push_back(console_counters(device, vmm.cpu_count));
    for (std::uint32_t last = 0; const auto info = device.next_vm(last);) {
        if (info->id <= last)
            break;
        last = info->id;
        if (info->state != VMNIX_VM_STATE_ENDED)
            sample.vms.push_back(vm_counters(*info));
    }
    return sample;
}

VmRates VmRates::between(const VmSample &before, const VmSample &after, std::uint64_t tsc_khz) {
    VmRates rates;
    for (const VmSample::Vm &vm : after.vms) {
        const auto same = [&](const VmSample::Vm &other) { return other.id == vm.id; };
        const auto old = std::find_if(before.vms.begin(), before.vms.end(), same);
        if (old == before.vms.end())
            continue; // seen for the first time: there is no "since"
        const double seconds = seconds_of(vm.tsc >= old->tsc ? vm.tsc - old->tsc : 0, tsc_khz);
        rates.seconds = std::max(rates.seconds, seconds);
        rates.vms.push_back(rates_of(*old, vm, seconds));
    }
    return rates;
}

bool VmRates::any_vm() const {
    return std::any_of(vms.begin(), vms.end(), [](const Vm &vm) { return vm.id != service_console; });
}

std::string vm_rates_table(const VmRates &rates, const Style &style, TextSize size, std::size_t first_row) {
    Table table = titled_table();
    const std::size_t count = rates.vms.size();
    std::size_t room = count;
    if (size.rows != 0 && count + 1 > size.rows)  // titles
        room = size.rows > 2 ? size.rows - 2 : 1; // and the line about the others
    const std::size_t first = std::min(first_row, count - room);
    for (std::size_t i = first; i < first + room; ++i) {
        const VmRates::Vm &vm = rates.vms[i];
        table.row({{vm.name, Tone::Strong},
                   {std::string(vm_state_name(vm.state))},
                   {std::to_string(vm.vcpus)},
                   {percent(vm.run)},
                   {percent(vm.ready), vm.ready > 0.1 ? Tone::Doubt : Tone::Plain},
                   {percent(vm.wait)},
                   {rate(vm.exits)}});
    }
    std::string text = table.render(style);
    if (room < count)
        text += style.paint(Tone::Faint, fmt::format("{} of {} shown, from {}", room, count, first)) + "\n";
    return text;
}

Json vm_rates_json(const VmRates &rates) {
    Json list = Json::array();
    for (const VmRates::Vm &vm : rates.vms)
        list.push_back({{"id", vm.id},
                        {"name", vm.name},
                        {"state", vm_state_name(vm.state)},
                        {"vcpus", vm.vcpus},
                        {"run_share", vm.run},
                        {"ready_share", vm.ready},
                        {"wait_share", vm.wait},
                        {"exits_per_second", vm.exits}});
    return list;
}

} // namespace console
