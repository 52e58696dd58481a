// SPDX-License-Identifier: GPL-2.0-only
#include "console/vm/orders/stopper.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "console/text/units.hpp"
#include "console/vm/orders/give_order.hpp"

namespace console {

namespace {

constexpr double look_again = 1; // seconds; progress, and should an event get lost

std::string names_of(const std::vector<VmRecord> &vms) {
    std::string text;
    for (const VmRecord &vm : vms)
        text += (text.empty() ? "" : ", ") + vm.name();
    return text;
}

} // namespace

void Stopper::stop(const std::vector<VmRecord> &list, const std::function<void(const Outcome &)> &told) {
    told_ = told;
    press(list);
    wait();
    finish_late();
}

void Stopper::press(const std::vector<VmRecord> &list) {
    for (const VmRecord &vm : list) {
        try {
            give_order(vms_, vm, VMNIX_VM_POWER_BUTTON);
            waiting_.push_back(vm);
        } catch (const Failure &failure) {
            told_({vm.name(), {}, failure});
        }
    }
}

// Tells those that have ended; true when nobody is left.
bool Stopper::collect_ended() {
    std::vector<VmRecord> left;
    for (const VmRecord &vm : waiting_) {
        const auto now = vms_.with_id(vm.id());
        if (now && !now->ended()) {
            left.push_back(vm);
            continue;
        }
        progress(0);
        told_({vm.name(), now ? now->ending_text() : "ended and removed", std::nullopt});
    }
    waiting_ = std::move(left);
    return waiting_.empty();
}

void Stopper::wait() {
    const double end = environment_.monotonic() + timeout_;
    std::uint32_t events = 0;
    while (!collect_ended()) {
        const double left = end - environment_.monotonic();
        if (left <= 0)
            break;
        progress(left);
        vms_.device().wait_for_event(events, static_cast<std::uint32_t>(std::ceil(1000 * std::min(left, look_again))));
    }
    progress(0);
}

// One line that changes, for a person; time 0 takes it away.
void Stopper::progress(double left) {
    if (!environment_.err.is_terminal())
        return;
    if (left > 0)
        environment_.err.write(fmt::format("\rwaiting for {}: {:.0f} s of {:.0f} s left\x1b[K", names_of(waiting_),
                                           std::ceil(left), timeout_));
    else if (line_open_)
        environment_.err.write("\r\x1b[K");
    line_open_ = left > 0;
}

void Stopper::finish_late() {
    for (const VmRecord &vm : waiting_) {
        try {
            if (!kill_late_)
                throw Failure(
                    ExitCode::TimedOut,
                    fmt::format("{} has not ended within {}; it goes on", vm.name(), duration(timeout_)),
                    fmt::format("wait longer (--timeout), or end it without its consent: vmnix kill {}", vm.name()));
            give_order(vms_, vm, VMNIX_VM_KILL);
            wait_for_end(vms_, vm);
            told_({vm.name(), fmt::format("killed, as it had not ended within {}", duration(timeout_)), std::nullopt});
        } catch (const Failure &failure) {
            told_({vm.name(), {}, failure});
        }
    }
    waiting_.clear();
}

} // namespace console
