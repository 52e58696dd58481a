// SPDX-License-Identifier: GPL-2.0-only
#include "console/vm/info/vm_report.hpp"

#include <fmt/format.h>

#include "console/device/exit_counts.hpp"
#include "console/device/names.hpp"
#include "console/text/sheet.hpp"
#include "console/text/units.hpp"
#include "console/vm/options/definition.hpp"
#include "console/vm/options/share_options.hpp"
#include "console/vm/options/vm_option.hpp"

namespace console {

namespace {

std::string state_line(const VmRecord &vm) {
    if (vm.ended())
        return fmt::format("ended: {}, {}, after {}", vm.ending_text(), vm.ended_when(), duration(vm.uptime_seconds()));
    const std::string_view state = vm_state_name(vm.info().state);
    return vm.active() ? fmt::format("{}, up for {}", state, duration(vm.uptime_seconds())) : std::string(state);
}

std::string time_line(const vmnix_vm_info &info, std::uint64_t tsc_khz) {
    return fmt::format("{} run, {} ready, {} waiting; {} exits", duration(seconds_of(info.run_tsc, tsc_khz)),
                       duration(seconds_of(info.ready_tsc, tsc_khz)), duration(seconds_of(info.wait_tsc, tsc_khz)),
                       grouped(info.exits));
}

std::string share_line(const vmnix_vm_share &share) {
    std::string text;
    for (const ShareOption &option : share_options())
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", option.key, option.get(share));
    return text;
}

std::string console_line(const vmnix_vm_info &info) {
    if (info.console_head <= info.console_size)
        return fmt::format("{} written (vmnix console, vmnix logs)", byte_size(info.console_head));
    return fmt::format("the last {} of {} (vmnix console, vmnix logs)", byte_size(info.console_size),
                       byte_size(info.console_head));
}

std::string vcpu_line(const vmnix_world_info &vcpu, std::uint64_t tsc_khz) {
    return fmt::format("{} {} CPU {}; {} run, {} ready, {} waiting; {} moves", vcpu_state_name(vcpu.state),
                       vcpu.on_cpu ? "on" : "off", vcpu.cpu, duration(seconds_of(vcpu.run_tsc, tsc_khz)),
                       duration(seconds_of(vcpu.ready_tsc, tsc_khz)), duration(seconds_of(vcpu.wait_tsc, tsc_khz)),
                       grouped(vcpu.migrations));
}

Json exits_json(const vmnix_world_info &vcpu) {
    Json exits = Json::object();
    const ExitCounts counts = exit_counts(vcpu);
    for (std::uint32_t kind = 0; kind < counts.size(); ++kind)
        exits[std::string(exit_name(kind).key)] = counts[kind];
    return exits;
}

Json vcpu_json(const vmnix_world_info &vcpu, std::uint64_t tsc_khz) {
    return {{"state", vcpu_state_key(vcpu.state)},
            {"cpu", vcpu.cpu},
            {"on_cpu", vcpu.on_cpu != 0},
            {"run_seconds", seconds_of(vcpu.run_tsc, tsc_khz)},
            {"ready_seconds", seconds_of(vcpu.ready_tsc, tsc_khz)},
            {"wait_seconds", seconds_of(vcpu.wait_tsc, tsc_khz)},
            {"picks", vcpu.picks},
            {"migrations", vcpu.migrations},
            {"injected_interrupts", vcpu.injected_interrupts},
            {"ipis_sent", vcpu.ipis_sent},
            {"exits", exits_json(vcpu)}};
}

void add_definition(Sheet &sheet, const VmOptions &definition) {
    for (const std::string_view key : {"kernel", "initrd", "append", "module"})
        for (const std::string &text : find_vm_option(key)->get(definition))
            sheet.add(std::string(key), text);
    if (definition.remove)
        sheet.add("at its end", "removed");
}

} // namespace

VmReport VmReport::read_from(VmDirectory &vms, const VmRecord &vm) {
    VmReport report{vm, std::nullopt, {}, vms.vmm().tsc_khz};
    if (const auto text = vms.device().vm_definition(vm.id()))
        report.definition = parse_definition(*text);
    for (std::uint32_t vcpu = 0; vcpu < vm.info().vcpus; ++vcpu)
        if (const auto world = vms.device().world(vm.id(), vcpu))
            report.vcpus.push_back(*world);
    return report;
}

std::string VmReport::text(const Style &style, unsigned width) const {
    const vmnix_vm_info &info = vm.info();
    Sheet sheet;
    sheet.add("name", vm.name(), Tone::Strong);
    sheet.add("state", state_line(vm), info.ending == VMNIX_VM_CRASHED ? Tone::Bad : Tone::Plain);
    sheet.add("id", std::to_string(info.id));
    sheet.add("UUID", uuid_text(info.uuid));
    sheet.add("vCPUs", std::to_string(info.vcpus));
    sheet.add("memory", fmt::format("{}, and {} beside it", byte_size(info.memory), byte_size(info.overhead)));
    sheet.add("CPU", share_line(info.share));
    sheet.add("time", time_line(info, tsc_khz));
    sheet.add("console", console_line(info));
    if (definition)
        add_definition(sheet, *definition);
    for (std::size_t i = 0; i < vcpus.size(); ++i)
        sheet.add(fmt::format("vCPU {}", i), vcpu_line(vcpus[i], tsc_khz));
    return sheet.render(style, width);
}

Json share_json(const vmnix_vm_share &share) {
    Json affinity = Json::array();
    for (unsigned cpu = 0; cpu < 256; ++cpu)
        if (share.affinity[cpu / 64] >> (cpu % 64) & 1)
            affinity.push_back(cpu);
    return {{"shares", share.shares},
            {"reservation_percent", share.reservation / 10.0},
            {"limit_percent", share.limit ? Json(share.limit / 10.0) : Json(nullptr)},
            {"affinity", affinity.empty() ? Json(nullptr) : affinity}};
}

Json VmReport::json() const {
    const vmnix_vm_info &info = vm.info();
    Json json = vm_json(vm);
    json["overhead_bytes"] = info.overhead;
    json["share"] = share_json(info.share);
    json["run_seconds"] = seconds_of(info.run_tsc, tsc_khz);
    json["ready_seconds"] = seconds_of(info.ready_tsc, tsc_khz);
    json["wait_seconds"] = seconds_of(info.wait_tsc, tsc_khz);
    json["exits"] = info.exits;
    json["console"] = {{"written_bytes", info.console_head}, {"kept_bytes", info.console_size}};
    json["definition"] = definition ? definition_json(*definition) : Json(nullptr);
    Json list = Json::array();
    for (const vmnix_world_info &vcpu : vcpus)
        list.push_back(vcpu_json(vcpu, tsc_khz));
    json["vcpu_list"] = std::move(list);
    return json;
}

} // namespace console
