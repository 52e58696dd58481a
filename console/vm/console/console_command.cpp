// SPDX-License-Identifier: GPL-2.0-only
#include "console/vm/console/console_command.hpp"

#include <fmt/format.h>

#include "console/base/failure.hpp"
#include "console/text/units.hpp"
#include "console/vm/console/console_session.hpp"
#include "console/vm/record/vm_directory.hpp"

namespace console {

namespace {

using End = ConsoleSession::End;

std::string ending_line(VmDirectory &vms, const VmRecord &vm) {
    const auto now = vms.with_id(vm.id());
    if (!now || !now->ended())
        return fmt::format("{} has ended and was removed", vm.name());
    std::string text = fmt::format("{} has ended: {}", vm.name(), now->ending_text());
    if (now->info().ending == VMNIX_VM_REBOOTED)
        text += fmt::format("; 'vmnix reset {}' starts it again", vm.name());
    return text;
}

ExitCode finish(Environment &environment, VmDirectory &vms, const VmRecord &vm, End end, double timeout) {
    switch (end) {
    case End::Ended:
    case End::Gone:
        environment.err.write(fmt::format("vmnix: {}\n", ending_line(vms, vm)));
        return ExitCode::Ok;
    case End::TimedOut:
        throw Failure(ExitCode::TimedOut,
                      fmt::format("the time of {} is over, {} goes on", duration(timeout), vm.name()));
    case End::Left:
    case End::Interrupted:
        break;
    }
    return ExitCode::Ok;
}

} // namespace

ExitCode run_console(Environment &environment, const ConsoleOptions &options) {
    VmDirectory vms(environment);
    const VmRecord vm = vms.find(options.name);
    End end;
    {
        ConsoleSession session(environment, vms.device(), vm.id(), options.timeout);
        if (session.interactive())
            environment.err.write(fmt::format("vmnix: connected to {}; Ctrl-] leaves\n", vm.name()));
        end = session.run();
        if (session.interactive())
            environment.err.write("\n");
    }
    return finish(environment, vms, vm, end, options.timeout.value_or(0));
}

} // namespace console
