// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/core/kvm_clock.hpp"

#include "vmm/base/bits.hpp"
#include "vmm/x86/kvm.hpp"

namespace vmm {

KvmWallClock kvm_wall_clock(std::uint64_t epoch) {
    constexpr std::uint64_t kSecond = 1000000000;
    return {2, static_cast<std::uint32_t>(epoch / kSecond), static_cast<std::uint32_t>(epoch % kSecond)};
}

// A multiplier with its highest bit set, for the most precision.
KvmSystemTime kvm_system_time(std::uint64_t tsc) {
    constexpr std::uint8_t kTscStable = 1; // the same on every vCPU
    KvmSystemTime time{.version = 2, .tsc_timestamp = tsc, .flags = kTscStable};
    std::uint64_t ns_per_tick = g_vmm.ns_per_tick; // 32.32
    while (ns_per_tick >= bit(32)) {
        ns_per_tick >>= 1;
        time.tsc_shift++;
    }
    while (!(ns_per_tick & bit(31))) {
        ns_per_tick <<= 1;
        time.tsc_shift--;
    }
    time.multiplier = static_cast<std::uint32_t>(ns_per_tick);
    return time;
}

bool write_console_clock(std::uint32_t msr, std::uint64_t value) {
    constexpr std::uint64_t kEnable = 1;
    const ConsoleLife &life = g_vmm.console_life;
    if (life.generation == 0)
        return false;
    const auto memory = g_vmm.ram.memory();
    if (msr == kKvmWallClock) {
        const KvmWallClock clock = kvm_wall_clock(life.epoch);
        return static_cast<bool>(memory.write(Gpa(value), &clock, sizeof(clock)));
    }
    if (!(value & kEnable))
        return true;
    const KvmSystemTime time = kvm_system_time(life.started_tsc);
    return static_cast<bool>(memory.write(Gpa(value & ~kEnable), &time, sizeof(time)));
}

} // namespace vmm
