// SPDX-License-Identifier: GPL-2.0-only
#include "console/vm/guests/guests_command.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "console/base/failure.hpp"
#include "console/device/names.hpp"
#include "console/text/table.hpp"
#include "console/vm/guests/guest_folder.hpp"
#include "console/vm/orders/by_name.hpp"
#include "console/vm/orders/give_order.hpp"
#include "console/vm/orders/stopper.hpp"
#include "console/vm/record/vm_directory.hpp"
#include "console/vm/start/vm_starter.hpp"

namespace console {

namespace {

constexpr const char *default_folder = "/etc/vmnix/guests";

using Guest = GuestFolder::Guest;

GuestFolder folder_of(const Environment &environment, const GuestsOptions &options) {
    return GuestFolder::read(options.directory ? std::filesystem::path(*options.directory)
                                               : std::filesystem::path(environment.root.string() + default_folder));
}

std::string start_one(Environment &environment, VmDirectory &vms, const Guest &guest) {
    const auto present = vms.with_name(guest.options.name);
    if (present && present->active())
        return "runs already";
    if (present) // what is left of an earlier start
        give_order(vms, *present, VMNIX_VM_REMOVE);
    VmStarter(environment, vms).start(guest.options);
    return "started";
}

ExitCode start(Environment &environment, const GuestsOptions &options, const GuestFolder &folder) {
    ByName report(environment, options.json);
    for (const GuestFolder::Bad &bad : folder.bad)
        report.failed(bad.file, bad.failure);
    VmDirectory vms(environment);
    for (const Guest &guest : folder.guests)
        if (guest.options.autostart)
            report.each({guest.options.name}, [&](const std::string &) { return start_one(environment, vms, guest); });
    return report.finish();
}

// Those without a file first, as nothing says what depends on them; then the reverse of the order of the start.
std::vector<VmRecord> to_stop(VmDirectory &vms, const GuestFolder &folder, bool all) {
    std::vector<VmRecord> list, others = vms.all();
    std::erase_if(others, [](const VmRecord &vm) { return !vm.active(); });
    for (auto guest = folder.guests.rbegin(); guest != folder.guests.rend(); ++guest) {
        const auto same = [&](const VmRecord &vm) { return vm.name() == guest->options.name; };
        const auto found = std::find_if(others.begin(), others.end(), same);
        if (found == others.end())
            continue;
        list.push_back(*found);
        others.erase(found);
    }
    if (all)
        list.insert(list.begin(), others.rbegin(), others.rend());
    return list;
}

// The VMM cannot go while a VM is listed.
void remove_ended(VmDirectory &vms, const GuestFolder &folder, bool all, ByName &report) {
    for (const VmRecord &vm : vms.all()) {
        const auto same = [&](const Guest &guest) { return guest.options.name == vm.name(); };
        if (!vm.ended() || !(all || std::any_of(folder.guests.begin(), folder.guests.end(), same)))
            continue;
        report.each({vm.name()}, [&](const std::string &) {
            give_order(vms, vm, VMNIX_VM_REMOVE);
            return "removed";
        });
    }
}

// A paused VM does not see its power button.
void wake(VmDirectory &vms, const std::vector<VmRecord> &list) {
    for (const VmRecord &vm : list)
        if (vm.info().state == VMNIX_VM_STATE_PAUSED)
            static_cast<void>(vms.device().order_vm(vm.id(), VMNIX_VM_RESUME));
}

ExitCode stop(Environment &environment, const GuestsOptions &options, const GuestFolder &folder) {
    ByName report(environment, options.json);
    VmDirectory vms(environment);
    const std::vector<VmRecord> list = to_stop(vms, folder, options.all);
    wake(vms, list);
    Stopper(environment, vms, options.timeout, options.kill).stop(list, [&](const Stopper::Outcome &outcome) {
        if (outcome.failure)
            report.failed(outcome.name, *outcome.failure);
        else
            report.done(outcome.name, outcome.text);
    });
    if (options.remove)
        remove_ended(vms, folder, options.all, report);
    return report.finish();
}

std::string state_of(VmDirectory &vms, const Guest &guest) {
    const auto vm = vms.with_name(guest.options.name);
    return vm ? std::string(vm_state_name(vm->info().state)) : "absent";
}

std::string table_of(const std::vector<Guest> &guests, const std::vector<std::string> &states, const Style &style) {
    Table table;
    for (const char *title : {"name", "state", "autostart"})
        table.column(title, Align::Left);
    table.column("order", Align::Right);
    table.column("file", Align::Left);
    for (std::size_t i = 0; i < guests.size(); ++i) {
        const VmOptions &options = guests[i].options;
        const bool missing = options.autostart && states[i] != "running";
        table.row({{options.name, Tone::Strong},
                   {states[i], missing ? Tone::Doubt : Tone::Plain},
                   {options.autostart ? "yes" : "no"},
                   {std::to_string(options.order)},
                   {guests[i].file}});
    }
    return table.render(style);
}

Json status_json(const std::vector<Guest> &guests, const std::vector<std::string> &states) {
    Json list = Json::array();
    for (std::size_t i = 0; i < guests.size(); ++i)
        list.push_back({{"name", guests[i].options.name},
                        {"state", states[i]},
                        {"autostart", guests[i].options.autostart},
                        {"order", guests[i].options.order},
                        {"file", guests[i].file}});
    return {{"guests", std::move(list)}};
}

ExitCode status(Environment &environment, const GuestsOptions &options, const GuestFolder &folder) {
    ByName report(environment, false);
    for (const GuestFolder::Bad &bad : folder.bad)
        report.failed(bad.file, bad.failure);
    VmDirectory vms(environment);
    std::vector<std::string> states;
    bool all_run = true;
    for (const Guest &guest : folder.guests) {
        states.push_back(state_of(vms, guest));
        all_run = all_run && (!guest.options.autostart || states.back() == "running");
    }
    Output &out = environment.out;
    out.write(options.json ? json_text(status_json(folder.guests, states))
                           : table_of(folder.guests, states, Style::suited_to(out)));
    if (const ExitCode code = report.finish(); code != ExitCode::Ok)
        return code;
    return all_run ? ExitCode::Ok : ExitCode::WrongState;
}

} // namespace

ExitCode run_guests(Environment &environment, const GuestsOptions &options) {
    const GuestFolder folder = folder_of(environment, options);
    if (options.action == "start")
        return start(environment, options, folder);
    if (options.action == "status")
        return status(environment, options, folder);
    try {
        return stop(environment, options, folder);
    } catch (const Failure &failure) {
        if (failure.code() != ExitCode::NotRunning)
            throw;
        if (!options.json)
            environment.out.write("the VMM is not loaded: no VM runs\n");
        return ExitCode::Ok;
    }
}

} // namespace console
