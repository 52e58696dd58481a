// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "vmm/core/kvm_clock.hpp"
#include "vmm/exit/apic.hpp"
#include "vmm/exit/instruction.hpp"
#include "vmm/policy/msr.hpp"

namespace vmm {

// EFER: APM vol. 2, 3.1.7. LMA follows the paging mode, SVME is not the console's, unknown bits fault as on a CPU
// without them.
template <class V> bool write_efer(V v, std::uint64_t value) {
    const std::uint64_t old = v.guest_efer();
    const bool paging = v.paging().cr0 & x86::cr0::PG;
    if ((value & ~g_vmm.efer_known) || (paging && ((value ^ old) & x86::efer::LME)))
        return false;
    v.set_guest_efer((value & ~x86::efer::LMA) | (old & x86::efer::LMA));
    v.request_flush(); // NXE may have changed
    return true;
}

template <class V> bool write_msr(V v, std::uint32_t index, std::uint64_t value) {
    World &world = v.world();
    switch (policy::msr_action(index, true)) {
    case policy::MsrAction::ApicBase:
        return perform(v, world.lapic.write_apic_base(value, x86::rdtsc()));
    case policy::MsrAction::TscDeadline:
        return perform(v, world.lapic.write_tsc_deadline(value, x86::rdtsc()));
    case policy::MsrAction::Efer:
        return write_efer(v, value);
    case policy::MsrAction::Mtrr:
        v.enter_host_context();
        return x86::wrmsr_safe(index, value) && v.follow_mtrrs();
    case policy::MsrAction::Ignore:
        log("CPU ", v.cpu().index, ": write of ", Hex{value}, " to MSR ", Hex{index}, " ignored");
        return true;
    case policy::MsrAction::Pass:
        return x86::wrmsr_safe(index, value);
    case policy::MsrAction::KvmClock:
        return write_console_clock(index, value);
    default:
        return false;
    }
}

template <class V> bool read_msr(V v, std::uint32_t index, std::uint64_t &value) {
    World &world = v.world();
    switch (policy::msr_action(index, false)) {
    case policy::MsrAction::ApicBase:
        value = world.lapic.apic_base();
        return true;
    case policy::MsrAction::X2apic: {
        const LapicRead read = world.lapic.read(lapic_register_of_msr(index), x86::rdtsc());
        value = read.value;
        return !read.general_protection && world.lapic.mode() == LapicMode::X2apic;
    }
    case policy::MsrAction::TscDeadline:
        value = world.lapic.read_tsc_deadline(x86::rdtsc());
        return true;
    case policy::MsrAction::Efer:
        value = v.guest_efer();
        return true;
    case policy::MsrAction::KvmClock:
        value = 0;
        return g_vmm.console_life.generation != 0;
    case policy::MsrAction::Pass:
    case policy::MsrAction::Ignore:
        return x86::rdmsr_safe(index, value);
    default:
        return false;
    }
}

template <class V, class Write>
[[gnu::always_inline]] inline Verdict handle_msr_write_by(V v, const Exit &exit, Write write) {
    const auto length = length_of(v, exit, expected::kWrmsr);
    if (!length) [[unlikely]]
        return Verdict::Resume;
    const auto index = static_cast<std::uint32_t>(v.gpr(x86::Gpr::Rcx));
    const std::uint64_t value = v.gpr(x86::Gpr::Rdx) << 32 | static_cast<std::uint32_t>(v.gpr(x86::Gpr::Rax));
    const bool hot = index - x86::msr::X2apicFirst <= x86::msr::X2apicLast - x86::msr::X2apicFirst;
    const bool done = hot ? v.world().lapic.mode() == LapicMode::X2apic &&
                                perform(v, v.world().lapic.write(lapic_register_of_msr(index), value, x86::rdtsc()))
                          : write(v, index, value);
    if (done)
        v.advance(*length);
    else
        v.inject(x86::Vector::GeneralProtection, 0);
    return Verdict::Resume;
}

template <class V, class Read>
[[gnu::always_inline]] inline Verdict handle_msr_read_by(V v, const Exit &exit, Read read) {
    const auto length = length_of(v, exit, expected::kRdmsr);
    if (!length) [[unlikely]]
        return Verdict::Resume;
    std::uint64_t value = 0;
    if (!read(v, static_cast<std::uint32_t>(v.gpr(x86::Gpr::Rcx)), value)) {
        v.inject(x86::Vector::GeneralProtection, 0);
        return Verdict::Resume;
    }
    v.gpr(x86::Gpr::Rax) = static_cast<std::uint32_t>(value);
    v.gpr(x86::Gpr::Rdx) = value >> 32;
    v.advance(*length);
    return Verdict::Resume;
}

template <class V> [[gnu::always_inline]] inline Verdict handle_msr_write(V v, const Exit &exit) {
    return handle_msr_write_by(
        v, exit, [](V vcpu, std::uint32_t index, std::uint64_t value) { return write_msr(vcpu, index, value); });
}

template <class V> Verdict handle_msr_read(V v, const Exit &exit) {
    return handle_msr_read_by(
        v, exit, [](V vcpu, std::uint32_t index, std::uint64_t &value) { return read_msr(vcpu, index, value); });
}

} // namespace vmm
