// SPDX-License-Identifier: GPL-2.0-only
#include "console/device/names.hpp"

#include <array>

#include "vmnix/abi/hypercall/hypercall.h"

namespace console {

namespace {

constexpr std::array<ExitName, VMNIX_EXIT_KINDS> exit_names{{
    {"cpuid", "cpuid"},
    {"rdmsr", "msr_read"},
    {"wrmsr", "msr_write"},
    {"port", "port"},
    {"mmio", "mmio"},
    {"hypercall", "hypercall"},
    {"intr", "interrupt"},
    {"window", "window"},
    {"nmi", "nmi"},
    {"halt", "halt"},
    {"control", "control"},
    {"exception", "exception"},
    {"init", "init"},
    {"nested", "nested_fault"},
    {"refused", "refused"},
    {"shutdown", "shutdown"},
    {"other", "other"},
}};
static_assert(!exit_names.back().key.empty(), "a kind of exit has no name");

} // namespace

ExitName exit_name(std::uint32_t kind) {
    return kind < exit_names.size() ? exit_names[kind] : exit_names[VMNIX_EXIT_OTHER];
}

std::string_view vcpu_state_name(std::uint32_t state) {
    switch (state) {
    case VMNIX_VCPU_RUNNING:
        return "running";
    case VMNIX_VCPU_WAIT_FOR_SIPI:
        return "offline";
    case VMNIX_VCPU_STOPPED:
        return "stopped";
    default:
        return "unknown";
    }
}

std::string_view vcpu_state_key(std::uint32_t state) {
    return state == VMNIX_VCPU_WAIT_FOR_SIPI ? "wait_for_sipi" : vcpu_state_name(state);
}

std::string_view vm_state_name(std::uint32_t state) {
    switch (state) {
    case VMNIX_VM_STATE_CREATED:
        return "created";
    case VMNIX_VM_STATE_RUNNING:
        return "running";
    case VMNIX_VM_STATE_PAUSED:
        return "paused";
    case VMNIX_VM_STATE_ENDED:
        return "ended";
    default:
        return "unknown";
    }
}

std::string_view vm_ending_name(std::uint32_t ending) {
    return ending == VMNIX_VM_POWERED_OFF ? "powered off" : vm_ending_key(ending);
}

std::string_view vm_ending_key(std::uint32_t ending) {
    switch (ending) {
    case VMNIX_VM_NOT_ENDED:
        return "none";
    case VMNIX_VM_POWERED_OFF:
        return "powered_off";
    case VMNIX_VM_REBOOTED:
        return "rebooted";
    case VMNIX_VM_CRASHED:
        return "crashed";
    case VMNIX_VM_KILLED:
        return "killed";
    default:
        return "unknown";
    }
}

std::string_view backend_name(std::uint32_t backend) {
    switch (backend) {
    case VMNIX_BACKEND_SVM:
        return "AMD SVM with nested paging";
    case VMNIX_BACKEND_VMX:
        return "Intel VT-x with EPT";
    default:
        return "unknown";
    }
}

std::string_view backend_key(std::uint32_t backend) {
    switch (backend) {
    case VMNIX_BACKEND_SVM:
        return "svm";
    case VMNIX_BACKEND_VMX:
        return "vmx";
    default:
        return "unknown";
    }
}

std::string_view isolation_key(std::uint32_t isolation) {
    switch (isolation) {
    case VMNIX_ISOLATION_NONE:
        return "none";
    case VMNIX_ISOLATION_GUARDED:
        return "guarded";
    case VMNIX_ISOLATION_OWNED:
        return "owned";
    default:
        return "unknown";
    }
}

std::string_view isolation_meaning(std::uint32_t isolation) {
    switch (isolation) {
    case VMNIX_ISOLATION_NONE:
        return "no IOMMU guards memory: a device that Linux drives can write anywhere by DMA, the VMM included";
    case VMNIX_ISOLATION_GUARDED:
        return "an IOMMU guards memory: the VMM write-protects its tables, and devices that Linux drives reach only "
               "the memory of Linux";
    case VMNIX_ISOLATION_OWNED:
        return "the VMM owns the IOMMU: a device reaches only the memory of the one who drives it";
    default:
        return "this command does not know the level; take it for none until a newer vmnix explains it";
    }
}

} // namespace console
