// SPDX-License-Identifier: GPL-2.0-only
#include "console/vm/start/creation_failure.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "console/device/names.hpp"
#include "console/vm/options/uuid.hpp"
#include "console/vm/options/values.hpp"

namespace console {

namespace {

constexpr std::uint64_t mebibyte = 1ull << 20;

Failure taken(const VmOptions &options, VmDirectory &vms) {
    const auto vm = vms.with_name(options.name);
    if (!vm)
        return {ExitCode::Refused, "another VM has this UUID", "give another --uuid, or none"};
    if (!vm->ended())
        return {ExitCode::Refused,
                fmt::format("there is a VM '{}' already: {}", options.name, vm_state_name(vm->info().state)),
                "give this one another --name"};
    return {ExitCode::Refused,
            fmt::format("there is a VM '{}' already: {}, {}", options.name, vm->ending_text(), vm->ended_when()),
            fmt::format("'vmnix rm {0}' removes it, 'vmnix reset {0}' starts it again", options.name)};
}

Failure no_memory(const VmOptions &options, const vmnix_vm_create &request) {
    const std::uint64_t needed = std::max(request.needed, options.rounded_memory());
    return {ExitCode::Refused,
            fmt::format("{} needs {} MiB, {} MiB could be had", options.name, (needed + mebibyte - 1) / mebibyte,
                        request.available / mebibyte),
            "give it less memory, remove VMs that have ended, or end programs of the service console"};
}

} // namespace

Failure reservation_failure(const vmnix_vm_share &share, const vmnix_info &vmm) {
    return {ExitCode::Refused,
            fmt::format("a reservation of {} cannot be had: the reservations of all would exceed what {} {}",
                        percent_text(share.reservation), vmm.cpu_count, vmm.cpu_count == 1 ? "CPU has" : "CPUs have"),
            "reserve less here or for others ('vmnix info' and 'vmnix set' with their names)"};
}

Failure creation_failure(VmAnswer answer, const VmOptions &options, const vmnix_vm_create &request, VmDirectory &vms) {
    switch (answer) {
    case VmAnswer::Taken:
        return taken(options, vms);
    case VmAnswer::NoMemory:
        return no_memory(options, request);
    case VmAnswer::LimitReached:
        if (vms.all().size() < VMNIX_MAX_VMS && options.share.reservation)
            return reservation_failure(options.share, vms.vmm());
        return {ExitCode::Refused, fmt::format("there are {} VMs already, which is the limit", vms.all().size()),
                "remove some that have ended: vmnix rm"};
    default:
        return {ExitCode::Refused, fmt::format("the VMM refuses a VM like {}", options.name),
                "'vmnix dmesg' may tell why; vmnix and the VMM should be of one version"};
    }
}

} // namespace console
