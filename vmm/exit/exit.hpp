// SPDX-License-Identifier: GPL-2.0-only
// An exit as the handlers see it: the vendor's code decodes into this, the shared handlers act on it.
#pragma once

#include "vmm/base/types.hpp"
#include "vmnix/abi/hypercall/hypercall.h"

namespace vmm {

enum class ExitKind : std::uint8_t {
    Cpuid = VMNIX_EXIT_CPUID,
    MsrRead = VMNIX_EXIT_MSR_READ,
    MsrWrite = VMNIX_EXIT_MSR_WRITE,
    Port = VMNIX_EXIT_PORT,
    Mmio = VMNIX_EXIT_MMIO,
    Hypercall = VMNIX_EXIT_HYPERCALL,
    Interrupt = VMNIX_EXIT_INTERRUPT,
    Window = VMNIX_EXIT_WINDOW,
    Nmi = VMNIX_EXIT_NMI,
    Halt = VMNIX_EXIT_HALT,
    Control = VMNIX_EXIT_CONTROL,
    Exception = VMNIX_EXIT_EXCEPTION,
    Init = VMNIX_EXIT_INIT,
    NestedFault = VMNIX_EXIT_NESTED_FAULT,
    Refused = VMNIX_EXIT_REFUSED,
    Shutdown = VMNIX_EXIT_SHUTDOWN,
    Other = VMNIX_EXIT_OTHER,
};

struct PortAccess {
    std::uint16_t port;
    std::uint8_t size; // bytes
    bool in, string, rep;
};

struct NestedFault {
    bool present, write, execute;
    bool final; // the access itself, not the walk of the guest's tables
};

struct Exit {
    ExitKind kind;
    std::uint8_t length = 0; // of the instruction, where the CPU tells; 0 when it must be measured
    std::uint8_t vector = 0; // Exception
    PortAccess port{};
    Gpa address{};          // NestedFault: guest-physical
    std::uint64_t code = 0; // the vendor's, for reports
};

// What becomes of the vCPU after its exit was handled.
enum class [[nodiscard]] Verdict : std::uint8_t{
    Resume, // enter the guest again
    Leave,  // give this CPU back to the console, bare
};

} // namespace vmm
