// SPDX-License-Identifier: GPL-2.0-only
#include "console/vm/list/list_command.hpp"

#include <fmt/format.h>

#include "console/device/names.hpp"
#include "console/text/table.hpp"
#include "console/text/units.hpp"
#include "console/vm/record/vm_directory.hpp"

namespace console {

namespace {

using Vms = std::vector<VmRecord>;

Tone tone_of(const VmRecord &vm) {
    if (vm.ended())
        return vm.info().ending == VMNIX_VM_CRASHED ? Tone::Bad : Tone::Faint;
    return vm.info().state == VMNIX_VM_STATE_RUNNING ? Tone::Good : Tone::Doubt;
}

std::vector<Table::Cell> cells(const VmRecord &vm, bool endings) {
    const vmnix_vm_info &info = vm.info();
    std::vector<Table::Cell> row{{std::to_string(info.id)},
                                 {vm.name(), Tone::Strong},
                                 {std::string(vm_state_name(info.state)), tone_of(vm)},
                                 {std::to_string(info.vcpus)},
                                 {byte_size(info.memory)},
                                 {info.started_tsc ? fmt::format("{:.1f}%", 100 * vm.cpu_share()) : "-"},
                                 {info.started_tsc ? duration(vm.uptime_seconds()) : "-"}};
    if (endings)
        row.push_back({vm.ended() ? fmt::format("{}, {}", vm.ending_text(), vm.ended_when()) : "", tone_of(vm)});
    return row;
}

std::string table_of(const Vms &vms, bool endings, const Style &style) {
    Table table;
    table.column("id", Align::Right);
    table.column("name", Align::Left);
    table.column("state", Align::Left);
    table.column("vCPUs", Align::Right);
    table.column("memory", Align::Right);
    table.column("CPU", Align::Right);
    table.column("up", Align::Right);
    if (endings)
        table.column("end", Align::Left);
    for (const VmRecord &vm : vms)
        table.row(cells(vm, endings));
    return table.render(style);
}

Json list_json(const Vms &vms) {
    Json list = Json::array();
    for (const VmRecord &vm : vms)
        list.push_back(vm_json(vm));
    return {{"vms", std::move(list)}};
}

std::string names_of(const Vms &vms) {
    std::string text;
    for (const VmRecord &vm : vms)
        text += vm.name() + "\n";
    return text;
}

} // namespace

ExitCode run_list(Environment &environment, const ListOptions &options) {
    VmDirectory directory(environment);
    Vms vms = directory.all();
    const std::size_t known = vms.size();
    if (!options.all)
        std::erase_if(vms, [](const VmRecord &vm) { return vm.ended(); });
    Output &out = environment.out;
    if (options.json)
        out.write(json_text(list_json(vms)));
    else if (options.names)
        out.write(names_of(vms));
    else if (!vms.empty())
        out.write(table_of(vms, options.all, Style::suited_to(out)));
    else if (known)
        out.write(fmt::format("no VM runs; {} ended (vmnix list --all)\n",
                              known == 1 ? "one has" : fmt::format("{} have", known)));
    else
        out.write("there is no VM; 'vmnix run' starts one\n");
    return ExitCode::Ok;
}

} // namespace console
