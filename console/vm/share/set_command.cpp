// SPDX-License-Identifier: GPL-2.0-only
#include "console/vm/share/set_command.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "console/base/failure.hpp"
#include "console/text/sheet.hpp"
#include "console/vm/info/vm_report.hpp"
#include "console/vm/options/bad_value.hpp"
#include "console/vm/options/share_options.hpp"
#include "console/vm/options/vm_name.hpp"
#include "console/vm/start/creation_failure.hpp"

namespace console {

namespace {

constexpr std::uint32_t service_console = 0;

// Whose share, and how it is now.
struct Subject {
    std::uint32_t id;
    std::string name;
    vmnix_vm_share share;
    bool told = true; // an older VMM does not tell the service console's
};

Subject find_subject(VmDirectory &vms, const std::string &name) {
    if (name != service_console_name) {
        const VmRecord vm = vms.find(name);
        return {vm.id(), vm.name(), vm.info().share};
    }
    const auto info = vms.device().vm_info(service_console);
    return {service_console, name, info ? info->share : VmOptions{}.share, info.has_value()};
}

void change(vmnix_vm_share &share, const std::string &key, const std::string &value) {
    for (const ShareOption &option : share_options())
        if (option.key == key)
            option.set(share, value);
}

vmnix_vm_share changed(vmnix_vm_share share, const SetOptions &options, unsigned cpus) {
    std::string place;
    try {
        for (const auto &[key, value] : options.given) {
            place = "--" + key + ": ";
            change(share, key, value);
        }
        place.clear();
        check_share(share, cpus);
    } catch (const BadValue &bad) {
        throw Failure(ExitCode::Usage, place + bad.what(), "'vmnix set --help' has the options");
    }
    return share;
}

void apply(VmDirectory &vms, const Subject &subject, const vmnix_vm_share &share) {
    switch (vms.device().set_share(subject.id, share)) {
    case VmAnswer::Ok:
        return;
    case VmAnswer::LimitReached:
        throw reservation_failure(share, vms.vmm());
    case VmAnswer::NotFound:
        throw Failure(ExitCode::NotFound, fmt::format("{} is there no more", subject.name));
    default:
        throw Failure(ExitCode::Refused, fmt::format("the VMM refuses such a share for {}", subject.name),
                      subject.id == service_console ? "its vCPUs stay on their CPUs: its affinity is all"
                                                    : "'vmnix dmesg' may tell why");
    }
}

void show(Output &out, const Subject &subject, bool json) {
    if (json) {
        Json whole{{"id", subject.id}, {"name", subject.name}};
        whole.update(share_json(subject.share));
        out.write(json_text(whole));
        return;
    }
    Sheet sheet;
    sheet.add("name", subject.name, Tone::Strong);
    for (const ShareOption &option : share_options())
        sheet.add(option.key, option.get(subject.share));
    out.write(sheet.render(Style::suited_to(out), out.size().columns));
}

} // namespace

ExitCode run_set(Environment &environment, const SetOptions &options) {
    VmDirectory vms(environment);
    Subject subject = find_subject(vms, options.name);
    if (!subject.told)
        environment.err.write("vmnix: note: this VMM does not tell the service console's share; taken for the default "
                              "is what is not named\n");
    if (!options.given.empty()) {
        subject.share = changed(subject.share, options, vms.vmm().cpu_count);
        apply(vms, subject, subject.share);
    }
    show(environment.out, subject, options.json);
    return ExitCode::Ok;
}

} // namespace console
