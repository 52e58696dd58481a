// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/vm/clock.hpp"

#include "vmm/core/kvm_clock.hpp"
#include "vmm/core/vmm.hpp"
#include "vmm/x86/intrinsics.hpp"

namespace vmm {
namespace {

constexpr std::uint64_t kEnable = 1;

// What the guest finds; `version` is odd while it is written, which no vCPU of its own sees, as that is not running.
struct StealTime {
    std::uint64_t steal; // ns
    std::uint32_t version, flags;
    std::uint8_t preempted, padding[47];
};
static_assert(sizeof(StealTime) == 64);

} // namespace

bool write_wall_clock(const Vm &vm, std::uint64_t address) {
    const KvmWallClock clock = kvm_wall_clock(vm.epoch);
    return static_cast<bool>(vm.memory.memory().write(Gpa(address), &clock, sizeof(clock)));
}

bool write_system_time(const Vm &vm, std::uint64_t address_and_enable) {
    if (!(address_and_enable & kEnable))
        return true;
    const KvmSystemTime time = kvm_system_time(vm.created_tsc);
    return static_cast<bool>(vm.memory.memory().write(Gpa(address_and_enable & ~kEnable), &time, sizeof(time)));
}

bool set_steal_time(World &world, std::uint64_t address_and_enable) {
    constexpr std::uint64_t kReserved = sizeof(StealTime) - 1 - kEnable;
    const std::uint64_t address = address_and_enable & ~kEnable;
    if (address_and_enable & kReserved)
        return false;
    if (!(address_and_enable & kEnable)) {
        world.steal_time = 0;
        return true;
    }
    if (!world.vm->memory.at(Gpa(address)))
        return false;
    world.steal_time = address_and_enable;
    tell_steal_time(world, true);
    return true;
}

void tell_steal_time(World &world, bool runs) {
    if (world.steal_time == 0)
        return;
    std::byte *at = world.vm->memory.at(Gpa(world.steal_time & ~kEnable));
    if (!at)
        return;
    auto *time = reinterpret_cast<StealTime *>(at); // 64 bytes, aligned, hence in one page of the guest's own
    const std::uint64_t waited = world.sched.stats().ready;
    time->steal = static_cast<std::uint64_t>(static_cast<unsigned __int128>(waited) * g_vmm.ns_per_tick >> 32);
    time->version += 2;
    time->preempted = runs ? 0 : 1;
}

} // namespace vmm
