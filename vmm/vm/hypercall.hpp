// SPDX-License-Identifier: GPL-2.0-only
// What a VM's kernel may ask for by VMMCALL, in KVM's convention: number in rAX, arguments in rBX, rCX, rDX, rSI.
#pragma once

#include "vmm/vm/control.hpp"

namespace vmm {

enum class VmCall : std::uint64_t { KickCpu = 5, SendIpi = 10, SchedYield = 11 };
inline constexpr std::int64_t kNoSuchVmCall = -1000, kNotPermitted = -1, kInvalid = -22;

// The vCPU with this APIC ID does not wait on, though no interrupt came.
template <class V> std::int64_t kick_vcpu(V v, std::uint64_t apic_id) {
    const Vm &vm = *v.world().vm;
    if (apic_id < vm.world_count) {
        World &to = *vm.world_list[apic_id];
        to.kicked.store(true);
        notify(v.cpu(), to);
    }
    return 0;
}

// A fixed interrupt or an NMI to many: bit n of low and high is the APIC ID first + n. Returns to how many.
template <class V>
std::int64_t send_ipis(V v, std::uint64_t low, std::uint64_t high, std::uint64_t first, std::uint64_t icr) {
    Ipi ipi = decode_ipi(icr & 0xffffffff, LapicMode::X2apic);
    if (ipi.mode != DeliveryMode::Fixed && ipi.mode != DeliveryMode::Nmi)
        return kInvalid;
    ipi.shorthand = Shorthand::None;
    ipi.logical = false;
    std::int64_t sent = 0;
    for (unsigned n = 0; n < 128; n++) {
        if (!((n < 64 ? low : high) >> n % 64 & 1) || first + n >= v.world().vm->world_count)
            continue;
        ipi.destination = static_cast<std::uint32_t>(first + n);
        send_message(v.cpu(), *v.world().vm, ipi);
        sent++;
    }
    v.world().stats.ipis_sent++;
    return sent;
}

template <class V> [[gnu::noinline]] std::int64_t call_vm(V v, VmCall number) {
    switch (number) {
    case VmCall::KickCpu:
        return kick_vcpu(v, v.gpr(x86::Gpr::Rcx));
    case VmCall::SendIpi:
        return send_ipis(v, v.gpr(x86::Gpr::Rbx), v.gpr(x86::Gpr::Rcx), v.gpr(x86::Gpr::Rdx), v.gpr(x86::Gpr::Rsi));
    case VmCall::SchedYield:
        yield(v.cpu());
        return 0;
    default:
        return kNoSuchVmCall;
    }
}

template <class V> [[gnu::always_inline]] inline Verdict handle_vm_hypercall(V v, const Exit &exit) {
    constexpr std::uint8_t kLength = 3;
    const std::uint64_t number = v.gpr(x86::Gpr::Rax);
    std::int64_t result = kNoSuchVmCall;
    if (v.cpl() != 0) [[unlikely]]
        result = kNotPermitted;
    else if (number <= static_cast<std::uint64_t>(VmCall::SchedYield))
        result = call_vm(v, static_cast<VmCall>(number));
    v.gpr(x86::Gpr::Rax) = static_cast<std::uint64_t>(result);
    v.advance(exit.length != 0 ? exit.length : kLength);
    return Verdict::Resume;
}

} // namespace vmm
