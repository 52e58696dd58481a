// SPDX-License-Identifier: GPL-2.0-only
#include "console/service_console/service_console_command.hpp"

#include <cstring>
#include <fmt/format.h>

#include "console/base/failure.hpp"
#include "console/service_console/console_log.hpp"
#include "console/service_console/console_report.hpp"
#include "console/service_console/cores.hpp"
#include "console/service_console/heartbeat.hpp"
#include "console/service_console/policy.hpp"
#include "console/service_console/register_package.hpp"
#include "console/service_console/restart_console.hpp"

namespace console {

namespace {

// An option that says nothing to this action is a mistake that must not pass for done.
void check_options(const ServiceConsoleOptions &options) {
    const std::string &action = options.action;
    struct Row {
        bool given;
        const char *names;
        bool fits;
    };
    const Row rows[] = {
        {options.package.given(), "--kernel, --initrd or --append", action == "set" || action == "restart"},
        {options.policy_given(), "--on-crash, --limit, --on-limit or --watchdog", action == "set"},
        {options.force || options.yes, "--force or --yes", action == "restart"},
        {options.previous || options.all || options.follow, "--previous, --all or --follow", action == "log"},
        {options.every.has_value(), "--every", action == "heartbeat"},
    };
    for (const Row &row : rows)
        if (row.given && !row.fits)
            throw Failure(ExitCode::Usage, fmt::format("'{}' takes no {}", action, row.names));
    if (options.previous && (options.all || options.follow))
        throw Failure(ExitCode::Usage, "--previous goes with neither --all nor --follow");
}

void check_feature(const vmnix_info &vmm) {
    if (!(vmm.features & VMNIX_FEATURE_RESTART))
        throw Failure(ExitCode::Failure,
                      fmt::format("the VMM that runs ({}) knows no restart of its service console",
                                  std::string_view(vmm.version, strnlen(vmm.version, sizeof vmm.version))),
                      "install a newer one, and stop and start vmnix");
}

ExitCode show(Environment &environment, VmmDevice &device, bool json) {
    const vmnix_console_info info = device.console_info();
    const std::uint64_t tsc_khz = device.info().tsc_khz;
    Output &out = environment.out;
    out.write(json ? json_text(console_json(info, tsc_khz))
                   : console_text(info, tsc_khz, Style::suited_to(out), out.size().columns));
    return ExitCode::Ok;
}

// With policy options alone the package stays as it is.
ExitCode set(Environment &environment, VmmDevice &device, const ServiceConsoleOptions &options) {
    if (options.policy_given()) {
        const vmnix_console_policy policy = changed_policy(device.console_info().policy, options);
        if (device.set_console(policy) != VmAnswer::Ok)
            throw Failure(ExitCode::Failure, "the VMM refuses this policy", "'vmnix dmesg' may tell why");
    }
    if (options.package.given() || !options.policy_given())
        register_package(environment, device, options.package);
    return show(environment, device, options.json);
}

ExitCode drop(Environment &environment, VmmDevice &device, bool json) {
    if (const VmAnswer answer = device.drop_package(); answer != VmAnswer::Ok && answer != VmAnswer::NotFound)
        throw Failure(ExitCode::Failure, "the VMM does not drop the package", "'vmnix dmesg' may tell why");
    return show(environment, device, json);
}

} // namespace

ExitCode run_service_console(Environment &environment, const ServiceConsoleOptions &options) {
    check_options(options);
    if (options.action == "core")
        return print_cores(environment, options.json); // which may be of a time without a VMM
    const auto device = environment.open_device();
    check_feature(device->info());
    if (options.action == "set")
        return set(environment, *device, options);
    if (options.action == "restart")
        return restart_console(environment, *device, options);
    if (options.action == "log")
        return print_console_log(environment, *device, options);
    if (options.action == "drop")
        return drop(environment, *device, options.json);
    if (options.action == "heartbeat")
        return beat_regularly(*device, options);
    return show(environment, *device, options.json);
}

} // namespace console
