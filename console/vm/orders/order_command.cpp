// SPDX-License-Identifier: GPL-2.0-only
#include "console/vm/orders/order_command.hpp"

#include <fmt/format.h>

#include "console/base/failure.hpp"
#include "console/vm/orders/by_name.hpp"
#include "console/vm/orders/give_order.hpp"
#include "console/vm/record/vm_directory.hpp"
#include "console/vm/start/vm_starter.hpp"

namespace console {

namespace {

std::string remove(VmDirectory &vms, const VmRecord &vm, bool force) {
    if (vm.active()) {
        if (!force)
            throw Failure(ExitCode::WrongState, fmt::format("{} is not removed: it {}", vm.name(), doing(vm)),
                          fmt::format("'vmnix stop {0}' first, or 'vmnix rm --force {0}' kills it", vm.name()));
        give_order(vms, vm, VMNIX_VM_KILL);
        wait_for_end(vms, vm);
        if (!vms.with_id(vm.id())) // one that is removed at its end
            return "killed and removed";
    }
    give_order(vms, vm, VMNIX_VM_REMOVE);
    return vm.active() ? "killed and removed" : "removed";
}

std::string obey(Environment &environment, VmDirectory &vms, const VmRecord &vm, const OrderOptions &options) {
    switch (options.order) {
    case VMNIX_VM_RESET:
        VmStarter(environment, vms).restart(vm);
        return "reset";
    case VMNIX_VM_REMOVE:
        return remove(vms, vm, options.force);
    default:
        give_order(vms, vm, options.order);
        return done_word(options.order);
    }
}

} // namespace

ExitCode run_order(Environment &environment, const OrderOptions &options) {
    VmDirectory vms(environment);
    ByName report(environment, options.json);
    report.each(options.names,
                [&](const std::string &name) { return obey(environment, vms, vms.find(name), options); });
    return report.finish();
}

} // namespace console
