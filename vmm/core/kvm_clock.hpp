// SPDX-License-Identifier: GPL-2.0-only
// KVM's clock, as stock kernels know it. The TSC is the machine's and never stops, so its structures are written once,
// when the guest says where it wants them.
#pragma once

#include "vmm/core/vmm.hpp"

namespace vmm {

struct KvmWallClock {
    std::uint32_t version, seconds, nanoseconds;
};
static_assert(sizeof(KvmWallClock) == 12);

// ns = ((tsc - tsc_timestamp) shifted by tsc_shift) * multiplier >> 32, + system_time
struct KvmSystemTime {
    std::uint32_t version, reserved;
    std::uint64_t tsc_timestamp, system_time;
    std::uint32_t multiplier;
    std::int8_t tsc_shift;
    std::uint8_t flags, reserved2[2];
};
static_assert(sizeof(KvmSystemTime) == 32);

// `epoch` is ns since 1970 when the guest's clock was 0.
KvmWallClock kvm_wall_clock(std::uint64_t epoch);
// Its clock was 0 at `tsc`.
KvmSystemTime kvm_system_time(std::uint64_t tsc);

// A console's MSR that names where it wants one of them. False: not a restarted console's, or no RAM there.
bool write_console_clock(std::uint32_t msr, std::uint64_t value);

} // namespace vmm
