// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "console/text/json.hpp"
#include "vmnix/abi/hypercall/vm.h"

namespace console {

// When a VM's TSC stamps were, on the clock on the wall.
struct VmClock {
    std::uint64_t tsc_khz;
    double now; // seconds since 1970, when the VM's state was read
};

// A VM as it was read at one moment.
class VmRecord {
  public:
    VmRecord(const vmnix_vm_info &info, const VmClock &clock) : info_(info), clock_(clock) {}

    const vmnix_vm_info &info() const { return info_; }
    std::uint32_t id() const { return info_.id; }
    std::string name() const;
    std::string reason() const; // of a crash, without anything that commands a terminal
    bool ended() const { return info_.state == VMNIX_VM_STATE_ENDED; }
    bool active() const; // runs or is paused

    double uptime_seconds() const; // from its start until now or its end
    double cpu_share() const;      // CPU time by up-time: 1 is one CPU
    double seconds_since(std::uint64_t tsc) const;
    std::optional<double> wall_time(std::uint64_t tsc) const; // nothing for a stamp of 0

    std::string ending_text() const; // "crashed: triple fault"
    std::string ended_when() const;  // "2026-01-31 12:00:00 (2 min 3 s ago)"

  private:
    vmnix_vm_info info_;
    VmClock clock_;
};

std::string local_time_text(double seconds); // since 1970, as 2026-01-31 12:00:00
std::string utc_time_text(double seconds);   // as RFC 3339 has it, for programs

// What all commands tell of a VM in JSON.
Json vm_json(const VmRecord &vm);

} // namespace console
