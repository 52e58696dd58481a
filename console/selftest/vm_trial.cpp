// SPDX-License-Identifier: GPL-2.0-only
#include "console/selftest/vm_trial.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "console/base/failure.hpp"
#include "console/dmesg/log_text.hpp"
#include "console/text/units.hpp"
#include "console/vm/options/values.hpp"
#include "console/vm/orders/give_order.hpp"
#include "console/vm/orders/stopper.hpp"
#include "console/vm/start/vm_starter.hpp"

namespace console {

namespace {

constexpr double look_again = 1;      // seconds; a signal waits so long, and should an event get lost
constexpr double power_off_time = 60; // a guest writes its file systems back
constexpr std::size_t tail_bytes = 600;

// Takes the VM away, whatever became of it.
class Removed {
  public:
    Removed(VmDirectory &vms, const VmRecord &vm) : vms_(vms), vm_(vm) {}
    ~Removed() {
        try {
            remove();
        } catch (const Failure &) { // an earlier failure is being told
        }
    }
    Removed(const Removed &) = delete;
    Removed &operator=(const Removed &) = delete;

    void remove() {
        const auto now = vms_.with_id(vm_.id());
        if (!now)
            return;
        if (now->active()) {
            give_order(vms_, *now, VMNIX_VM_KILL);
            wait_for_end(vms_, *now);
        }
        give_order(vms_, *now, VMNIX_VM_REMOVE);
    }

  private:
    VmDirectory &vms_;
    VmRecord vm_;
};

} // namespace

void VmTrial::read_console(std::uint32_t id) {
    for (;;) {
        const auto piece = vms_.device().read_console(id, position_);
        if (!piece || piece->bytes.empty())
            break;
        position_ = piece->position + piece->bytes.size();
        log_ += piece->bytes;
    }
    std::string tail = log_.substr(log_.size() - std::min(log_.size(), tail_bytes));
    std::erase(tail, '\r');
    last_words_ = printable(tail);
}

void VmTrial::wait_for_shell(const VmRecord &vm, double timeout) {
    const double end = environment_.monotonic() + timeout;
    std::uint32_t events = 0;
    for (;;) {
        const auto now = vms_.with_id(vm.id());
        read_console(vm.id());
        if (log_.find(options_.expect) != log_.npos)
            return;
        if (!now || now->ended())
            throw Failure(ExitCode::Failure,
                          fmt::format("the VM ended before its shell: {}", now ? now->ending_text() : "it is gone"));
        if (signals_.take() != 0)
            throw Failure(ExitCode::Failure, "interrupted by a signal");
        const double left = end - environment_.monotonic();
        if (left <= 0)
            throw Failure(ExitCode::TimedOut,
                          fmt::format("the VM did not write '{}' within {}; it wrote {} bytes", options_.expect,
                                      duration(timeout), log_.size()),
                          "--expect is what the guest prints at its shell, --timeout how long it may take");
        vms_.device().wait_for_event(events, static_cast<std::uint32_t>(std::ceil(1000 * std::min(left, look_again))));
    }
}

void VmTrial::power_off(const VmRecord &vm) {
    std::optional<Failure> failure;
    Stopper(environment_, vms_, power_off_time, false).stop({vm}, [&](const Stopper::Outcome &outcome) {
        failure = outcome.failure;
    });
    if (failure && failure->code() == ExitCode::TimedOut)
        throw Failure(ExitCode::TimedOut,
                      fmt::format("the VM did not power off within {} of its button", duration(power_off_time)),
                      "does this guest listen to a power button?");
    if (failure)
        throw Failure(*failure);
    const auto now = vms_.with_id(vm.id());
    if (!now || now->info().ending != VMNIX_VM_POWERED_OFF)
        throw Failure(ExitCode::Failure,
                      fmt::format("the VM did not power off: {}", now ? now->ending_text() : "it is gone"));
}

std::string VmTrial::run(Json &seen) {
    const double timeout = parse_duration(options_.timeout), begin = environment_.monotonic();
    const VmRecord vm = VmStarter(environment_, vms_).start(vm_);
    Removed removed(vms_, vm);
    wait_for_shell(vm, timeout);
    const double shell = environment_.monotonic();
    power_off(vm);
    const double off = environment_.monotonic();
    const auto now = vms_.with_id(vm.id()).value_or(vm);
    seen = {{"memory_bytes", now.info().memory},
            {"vcpus", now.info().vcpus},
            {"exits", now.info().exits},
            {"shell_seconds", shell - begin},
            {"power_off_seconds", off - shell}};
    removed.remove();
    if (vms_.with_id(vm.id()))
        throw Failure(ExitCode::Failure, "the VM was removed and is still listed");
    return fmt::format("at its shell after {}, off {} after its button, removed", duration(shell - begin),
                       duration(off - shell));
}

} // namespace console
