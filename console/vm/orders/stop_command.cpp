// SPDX-License-Identifier: GPL-2.0-only
#include "console/vm/orders/stop_command.hpp"

#include "console/vm/orders/by_name.hpp"
#include "console/vm/orders/stopper.hpp"

namespace console {

ExitCode run_stop(Environment &environment, const StopOptions &options) {
    VmDirectory vms(environment);
    ByName report(environment, options.json);
    std::vector<VmRecord> list;
    for (const std::string &name : options.names) {
        try {
            list.push_back(vms.find(name));
        } catch (const Failure &failure) {
            report.failed(name, failure);
        }
    }
    Stopper(environment, vms, options.timeout, options.kill).stop(list, [&](const Stopper::Outcome &outcome) {
        if (outcome.failure)
            report.failed(outcome.name, *outcome.failure);
        else
            report.done(outcome.name, outcome.text);
    });
    return report.finish();
}

} // namespace console
