// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "vmm/core/vm.hpp"
#include "vmm/exit/msr.hpp"
#include "vmm/policy/vm_msr.hpp"
#include "vmm/vm/clock.hpp"

namespace vmm {

// Types that a PAT entry may have: APM vol. 2, 7.8.1.
constexpr bool is_pat(std::uint64_t value) {
    for (unsigned i = 0; i < 8; i++, value >>= 8)
        if ((value & 0xff) > 7 || (value & 0xff) == 2 || (value & 0xff) == 3)
            return false;
    return true;
}

template <class V> [[gnu::noinline]] bool write_vm_msr(V v, std::uint32_t index, std::uint64_t value) {
    World &world = v.world();
    switch (index) {
    case x86::msr::ApicBase:
        return perform(v, world.lapic.write_apic_base(value, x86::rdtsc()));
    case x86::msr::TscDeadline:
        return perform(v, world.lapic.write_tsc_deadline(value, x86::rdtsc()));
    case x86::msr::Efer:
        return write_efer(v, value);
    case x86::msr::Pat:
        if (is_pat(value))
            v.set_pat(value);
        return is_pat(value);
    case x86::msr::Tsc:
    case x86::msr::TscAdjust:
        return true; // the machine's clock, the same on every vCPU
    case kKvmWallClock:
        return write_wall_clock(*world.vm, value);
    case kKvmSystemTime:
        return write_system_time(*world.vm, value);
    case kKvmStealTime:
        return set_steal_time(world, value);
    default:
        return policy::constant_msr(index) != nullptr;
    }
}

template <class V> bool read_vm_msr(V v, std::uint32_t index, std::uint64_t &value) {
    World &world = v.world();
    switch (index) {
    case x86::msr::ApicBase:
        value = world.lapic.apic_base();
        return true;
    case x86::msr::TscDeadline:
        value = world.lapic.read_tsc_deadline(x86::rdtsc());
        return true;
    case x86::msr::Efer:
        value = v.guest_efer();
        return true;
    case x86::msr::Pat:
        value = v.pat();
        return true;
    case x86::msr::Tsc:
        value = x86::rdtsc();
        return true;
    case x86::msr::TscAdjust:
    case kKvmWallClock:
    case kKvmSystemTime:
        value = 0;
        return true;
    case kKvmStealTime:
        value = world.steal_time;
        return true;
    default:
        break;
    }
    if (index - x86::msr::X2apicFirst <= x86::msr::X2apicLast - x86::msr::X2apicFirst) {
        const LapicRead read = world.lapic.read(lapic_register_of_msr(index), x86::rdtsc());
        value = read.value;
        return !read.general_protection && world.lapic.mode() == LapicMode::X2apic;
    }
    const policy::ConstantMsr *constant = policy::constant_msr(index);
    value = constant ? constant->value : 0;
    return constant != nullptr;
}

template <class V> [[gnu::always_inline]] inline Verdict handle_vm_msr_write(V v, const Exit &exit) {
    return handle_msr_write_by(
        v, exit, [](V vcpu, std::uint32_t index, std::uint64_t value) { return write_vm_msr(vcpu, index, value); });
}

template <class V> Verdict handle_vm_msr_read(V v, const Exit &exit) {
    return handle_msr_read_by(
        v, exit, [](V vcpu, std::uint32_t index, std::uint64_t &value) { return read_vm_msr(vcpu, index, value); });
}

} // namespace vmm
