// SPDX-License-Identifier: GPL-2.0-only
// The service console's own life: how it ended, what follows, and how far that is. docs/decisions/0024.
#pragma once

#include "vmm/core/pci_devices.hpp"
#include "vmm/core/restart_steps.hpp"
#include "vmnix/abi/hypercall/hypercall.h"

#include <array>
#include <atomic>
#include <string_view>

namespace vmm {

struct Cpu;
struct World;

// When consoles were restarted after a crash, for the limit within a time.
class RestartTimes {
  public:
    static constexpr unsigned kMost = 32;
    void add(std::uint64_t now) { times_[next_++ % kMost] = now; }
    // How many since `begin`.
    std::uint32_t since(std::uint64_t begin) const {
        std::uint32_t count = 0;
        for (unsigned i = 0; i < std::min(next_, kMost); i++)
            count += times_[i] >= begin;
        return count;
    }

  private:
    std::array<std::uint64_t, kMost> times_{};
    unsigned next_ = 0;
};

struct ConsoleLife {
    std::atomic<vmnix_console_state> state{VMNIX_CONSOLE_RUNS};
    std::atomic<std::uint32_t> to_stop{0}; // vCPUs that have not stopped yet
    std::uint32_t generation = 0;
    bool can_leave = true;                  // a driver of this build has lent its switch stub
    vmnix_console_end end = VMNIX_END_NONE; // of the console before, or of the one that is ending
    char text[VMNIX_END_TEXT] = {};
    std::uint64_t ended_tsc = 0, started_tsc = 0;
    std::atomic<std::uint64_t> boots_until{0}; // TSC; the watchdog is patient with a kernel that unpacks itself
    std::uint64_t epoch = 0;                   // ns since 1970 when it began
    std::uint64_t log_of_this = 0;             // position in the ring of messages
    vmnix_console_policy policy{.size = sizeof(vmnix_console_policy),
                                .on_crash = VMNIX_ACTION_RESTART,
                                .limit = 5,
                                .limit_seconds = 600,
                                .on_limit = VMNIX_ACTION_HOLD,
                                .watchdog_ms = 30000};
    RestartTimes restarts;
    std::atomic<std::uint64_t> beat_at{~0ull}; // TSC at which its programs are given up
    std::uint32_t beat_ms = 0;
    RestartProgress progress; // of the first vCPU, which does the work
    PciResets resets;         // of the devices of the one that ended
};

// The console is over: its vCPUs stop, and what the policy says follows. False: nothing of it, as there are no VMs and
// nobody ordered it. From any CPU; the first cause counts. `text` is for people.
bool end_console(Cpu &from, vmnix_console_end why, std::string_view text);

// "panic" and the like.
std::string_view end_name(vmnix_console_end why);

// The machine ends here. Does not return.
[[noreturn]] void reset_machine();

// How many more restarts the policy allows now; ~0: any number.
std::uint32_t restarts_left(std::uint64_t now);

// Into the ring of consoles' messages.
void add_console_message(std::string_view text);

} // namespace vmm
