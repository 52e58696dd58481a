// SPDX-License-Identifier: GPL-2.0-only
// Entries and instructions that failed, in words.
#pragma once

#include "vmm/vmx/vmcs.hpp"

namespace vmm::vmx {

// The field VmInstructionError: SDM vol. 3, 31.4, table 31-1.
constexpr const char *instruction_error(std::uint32_t number) {
    switch (number) {
    case 0:
        return "no error is recorded";
    case 1:
        return "VMCALL in the VMM";
    case 2:
        return "VMCLEAR of an impossible address";
    case 3:
        return "VMCLEAR of the VMXON region";
    case 4:
        return "VMLAUNCH of a VMCS that is not clear";
    case 5:
        return "VMRESUME of a VMCS that was not launched";
    case 6:
        return "VMRESUME of a VMCS launched before the last VMXOFF";
    case 7:
        return "entry with a control that the CPU refuses";
    case 8:
        return "entry with a host state that the CPU refuses";
    case 9:
        return "VMPTRLD of an impossible address";
    case 10:
        return "VMPTRLD of the VMXON region";
    case 11:
        return "VMPTRLD of a VMCS of another revision";
    case 12:
        return "VMREAD or VMWRITE of a field that the CPU lacks";
    case 13:
        return "VMWRITE of a read-only field";
    case 15:
        return "VMXON in VMX operation";
    case 16:
        return "entry with an impossible executive VMCS";
    case 17:
        return "entry with an executive VMCS that was not launched";
    case 18:
        return "entry with an executive VMCS other than the VMXON region";
    case 19:
        return "VMCALL to SMM of a VMCS that is not clear";
    case 20:
        return "VMCALL to SMM with exit controls that the CPU refuses";
    case 22:
        return "VMCALL to SMM of another revision";
    case 23:
        return "VMXOFF while SMM has a monitor of its own";
    case 24:
        return "VMCALL to SMM with features that the CPU refuses";
    case 25:
        return "entry with controls of the executive VMCS that the CPU refuses";
    case 26:
        return "entry in the shadow of a MOV SS";
    case 28:
        return "INVEPT or INVVPID with an operand that the CPU refuses";
    default:
        return "an error without a meaning";
    }
}

// An exit of which the reason has EntryFailure set: SDM vol. 3, 27.8. Null for other reasons.
constexpr const char *entry_failure(ExitReason reason, std::uint64_t qualification) {
    switch (reason) {
    case ExitReason::EntryFailureGuestState:
        switch (qualification) {
        case 2:
            return "entry with a guest state that the CPU refuses: a PDPTE";
        case 3:
            return "entry with a guest state that the CPU refuses: an NMI while STI blocks it";
        case 4:
            return "entry with a guest state that the CPU refuses: the VMCS link pointer";
        default:
            return "entry with a guest state that the CPU refuses";
        }
    case ExitReason::EntryFailureMsrLoading:
        return "entry that loads an MSR which the CPU refuses; the qualification counts which";
    case ExitReason::EntryFailureMachineCheck:
        return "machine check during an entry";
    default:
        return nullptr;
    }
}

} // namespace vmm::vmx
