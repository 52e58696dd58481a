// SPDX-License-Identifier: GPL-2.0-only
// The instructions of VMX. SDM vol. 3, chapter 31; what fails says so in CF (no current VMCS) or ZF (a number is in the
// field VmInstructionError): 31.2.
#pragma once

#include "assertions.hpp"
#include "vmm/base/assert.hpp"
#include "vmm/base/result.hpp"
#include "vmm/base/types.hpp"
#include "vmm/vmx/vmcs.hpp"

namespace vmm::vmx {

// Both operands are physical addresses in memory. VMXON wants CR4.VMXE set and IA32_FEATURE_CONTROL locked with VMX
// enabled, or it raises #GP; preflight has seen to that.
#define VMM_VMX_ON_ADDRESS(name)                                                                                       \
    inline Result<> name(Hpa region) {                                                                                 \
        const std::uint64_t operand = region.raw();                                                                    \
        bool failed;                                                                                                   \
        asm volatile(#name " %1" : "=@ccbe"(failed) : "m"(operand) : "memory");                                        \
        return failed ? Result<>(Errc::Invalid) : Result<>();                                                          \
    }
VMM_VMX_ON_ADDRESS(vmxon)
VMM_VMX_ON_ADDRESS(vmclear)
VMM_VMX_ON_ADDRESS(vmptrld)
#undef VMM_VMX_ON_ADDRESS

// The current VMCS; all ones when none is.
inline Hpa vmptrst() {
    std::uint64_t region;
    asm volatile("vmptrst %0" : "=m"(region) : : "cc");
    return Hpa(region);
}

inline Result<> vmxoff() {
    bool failed;
    asm volatile("vmxoff" : "=@ccbe"(failed) : : "memory");
    return failed ? Result<>(Errc::Invalid) : Result<>();
}

// Several per exit: the release build trusts the field to exist and a VMCS to be current. Volatile, as an entry changes
// what they read and reads what they wrote.
[[gnu::always_inline]] inline std::uint64_t vmread(VmcsField field) {
    std::uint64_t value;
    if constexpr (checks::kAssertions) {
        bool failed;
        asm volatile("vmread %2, %0" : "=r"(value), "=@ccbe"(failed) : "r"(static_cast<std::uint64_t>(field)));
        VMM_ASSERT(!failed);
    } else {
        asm volatile("vmread %1, %0" : "=r"(value) : "r"(static_cast<std::uint64_t>(field)) : "cc");
    }
    return value;
}

[[gnu::always_inline]] inline void vmwrite(VmcsField field, std::uint64_t value) {
    if constexpr (checks::kAssertions) {
        bool failed;
        asm volatile("vmwrite %1, %2" : "=@ccbe"(failed) : "r"(value), "r"(static_cast<std::uint64_t>(field)));
        VMM_ASSERT(!failed);
    } else {
        asm volatile("vmwrite %0, %1" : : "r"(value), "r"(static_cast<std::uint64_t>(field)) : "cc");
    }
}

// For fields that a CPU may lack, as those of optional controls.
inline Result<std::uint64_t> vmread_safe(VmcsField field) {
    std::uint64_t value;
    bool failed;
    asm volatile("vmread %2, %0" : "=r"(value), "=@ccbe"(failed) : "r"(static_cast<std::uint64_t>(field)));
    return failed ? Result<std::uint64_t>(Errc::NotPresent) : Result<std::uint64_t>(value);
}

enum class InveptType : std::uint64_t { SingleContext = 1, AllContexts = 2 };
enum class InvvpidType : std::uint64_t {
    IndividualAddress = 0,
    SingleContext = 1,
    AllContexts = 2,
    SingleContextRetainingGlobals = 3,
};

// The descriptors are 128 bits in memory: 31.3, INVEPT and INVVPID.
inline Result<> invept(InveptType type, std::uint64_t ept_pointer) {
    const std::uint64_t descriptor[2] = {ept_pointer, 0};
    bool failed;
    asm volatile("invept %1, %2"
                 : "=@ccbe"(failed)
                 : "m"(descriptor), "r"(static_cast<std::uint64_t>(type))
                 : "memory");
    return failed ? Result<>(Errc::Invalid) : Result<>();
}
inline Result<> invvpid(InvvpidType type, std::uint16_t vpid, std::uint64_t linear_address) {
    const std::uint64_t descriptor[2] = {vpid, linear_address};
    bool failed;
    asm volatile("invvpid %1, %2"
                 : "=@ccbe"(failed)
                 : "m"(descriptor), "r"(static_cast<std::uint64_t>(type))
                 : "memory");
    return failed ? Result<>(Errc::Invalid) : Result<>();
}

// Takes what is pending at the local APIC, if anything: exactly one vector, as the handler clears IF in the frame that
// it returns to. The VMM runs with IF=0. NOPs: STI holds interrupts off for one instruction, and an emulator may look
// only at the next.
inline void acknowledge_window() {
    asm volatile("sti\n\tnop\n\tnop\n\tcli" : : : "memory", "cc");
}

// The same, waiting for it. STI holds interrupts off until HLT has begun, so none is slept through.
inline void acknowledge_wait() {
    asm volatile("sti\n\thlt\n\tcli" : : : "memory", "cc");
}

// After an exit by an NMI, NMIs stay blocked until an IRET (28.5.5): the VMM's handler of vector 2 runs, counts the NMI
// that caused the exit, and ends with one.
inline void nmi_again() {
    asm volatile("int $2" : : : "memory");
}

} // namespace vmm::vmx
