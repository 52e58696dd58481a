// SPDX-License-Identifier: GPL-2.0-only
#include "console/vm/orders/give_order.hpp"

#include <fmt/format.h>

#include "console/base/failure.hpp"

namespace console {

namespace {

constexpr unsigned created = 1u << VMNIX_VM_STATE_CREATED;
constexpr unsigned running = 1u << VMNIX_VM_STATE_RUNNING;
constexpr unsigned paused = 1u << VMNIX_VM_STATE_PAUSED;
constexpr unsigned ended = 1u << VMNIX_VM_STATE_ENDED;

struct OrderRow {
    vmnix_vm_order order;
    unsigned states;    // in which a VM follows it
    const char *cannot; // "web cannot ...: it has ended"
    const char *done;
};
constexpr OrderRow order_rows[] = {
    {VMNIX_VM_PAUSE, running, "be paused", "paused"},
    {VMNIX_VM_RESUME, paused, "be resumed", "resumed"},
    {VMNIX_VM_POWER_BUTTON, running, "be stopped", "asked to stop"},
    {VMNIX_VM_KILL, created | running | paused, "be killed", "killed"},
    {VMNIX_VM_RESET, running | paused | ended, "be reset", "reset"},
    {VMNIX_VM_REMOVE, created | ended, "be removed", "removed"},
};

const OrderRow &row_of(vmnix_vm_order order) {
    for (const OrderRow &row : order_rows)
        if (row.order == order)
            return row;
    return order_rows[0]; // all are there
}

std::string remedy_for(const VmRecord &vm, vmnix_vm_order order) {
    switch (vm.info().state) {
    case VMNIX_VM_STATE_PAUSED:
        return fmt::format("'vmnix resume {}' lets it go on", vm.name());
    case VMNIX_VM_STATE_RUNNING:
        return order == VMNIX_VM_RESUME ? "only a paused VM can be resumed" : "";
    case VMNIX_VM_STATE_ENDED:
        return fmt::format("'vmnix reset {0}' starts it again, 'vmnix rm {0}' removes it", vm.name());
    default:
        return fmt::format("'vmnix rm {}' removes it", vm.name());
    }
}

constexpr std::uint32_t longest_end_ms = 10'000;
constexpr std::uint32_t look_again_ms = 200;
constexpr unsigned busy_tries = 50;
constexpr std::uint32_t busy_ms = 100;

Failure wrong_state(const VmRecord &now, vmnix_vm_order order) {
    if (row_of(order).states >> now.info().state & 1)
        return {ExitCode::TimedOut,
                fmt::format("{} did not come to rest, and cannot {}", now.name(), row_of(order).cannot),
                "try again; 'vmnix dmesg' may tell why"};
    return {ExitCode::WrongState, fmt::format("{} cannot {}: it {}", now.name(), row_of(order).cannot, doing(now)),
            remedy_for(now, order)};
}

// While its CPUs are about to leave the VM, it is busy in a state in which it would follow.
VmAnswer order_when_at_rest(VmDirectory &vms, const VmRecord &vm, vmnix_vm_order order) {
    std::uint32_t events = 0;
    VmAnswer answer = VmAnswer::WrongState;
    for (unsigned tries = 0; tries < busy_tries; ++tries) {
        answer = vms.device().order_vm(vm.id(), order);
        const auto now = vms.with_id(vm.id());
        if (answer != VmAnswer::WrongState || !now || !(row_of(order).states >> now->info().state & 1))
            break;
        vms.device().wait_for_event(events, busy_ms);
    }
    return answer;
}

} // namespace

std::string done_word(vmnix_vm_order order) {
    return row_of(order).done;
}

std::string doing(const VmRecord &vm) {
    switch (vm.info().state) {
    case VMNIX_VM_STATE_CREATED:
        return "has not started";
    case VMNIX_VM_STATE_PAUSED:
        return "is paused";
    case VMNIX_VM_STATE_ENDED:
        return fmt::format("has ended ({})", vm.ending_text());
    default:
        return "runs";
    }
}

void give_order(VmDirectory &vms, const VmRecord &vm, vmnix_vm_order order) {
    switch (order_when_at_rest(vms, vm, order)) {
    case VmAnswer::Ok:
        return;
    case VmAnswer::NotFound:
        throw Failure(ExitCode::NotFound, fmt::format("{} is there no more", vm.name()));
    case VmAnswer::WrongState:
        throw wrong_state(vms.with_id(vm.id()).value_or(vm), order);
    default:
        throw Failure(ExitCode::Failure, fmt::format("{} cannot {}", vm.name(), row_of(order).cannot),
                      "'vmnix dmesg' may tell why");
    }
}

void wait_for_end(VmDirectory &vms, const VmRecord &vm) {
    std::uint32_t events = 0;
    for (std::uint32_t waited_ms = 0; waited_ms < longest_end_ms;) {
        const auto now = vms.with_id(vm.id());
        if (!now || now->ended())
            return;
        if (!vms.device().wait_for_event(events, look_again_ms)) // an event may come at once, and be another VM's
            waited_ms += look_again_ms;
    }
    throw Failure(ExitCode::TimedOut,
                  fmt::format("{} was told to end and has not after {} s", vm.name(), longest_end_ms / 1000),
                  "'vmnix dmesg' may tell why");
}

} // namespace console
