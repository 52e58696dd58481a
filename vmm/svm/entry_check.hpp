// SPDX-License-Identifier: GPL-2.0-only
// The consistency checks that VMRUN makes, APM vol. 2, 15.5.1, as a pure function. Emulators make few of them: the
// launch asks before it commits, and the assertion build before every entry.
#pragma once

#include "vmm/svm/vmcb.hpp"
#include "vmm/x86/intrinsics.hpp"
#include "vmm/x86/registers.hpp"

namespace vmm::svm {

struct EntryLimits {
    unsigned physical_bits;
    std::uint64_t valid_cr4, valid_efer;
};

// What this CPU accepts. Preflight has checked CR4 and EFER bit by bit; these are the bits that any CPU may have.
inline EntryLimits entry_limits() {
    constexpr std::uint64_t kAnyKnownCr4 = 0x01ff'ffff, kAnyKnownEfer = 0x7fffff;
    return {x86::cpuid(0x80000008).eax & 0xff, kAnyKnownCr4, kAnyKnownEfer};
}

// Null when VMRUN would accept the block, otherwise what it would refuse.
constexpr const char *entry_fault(const Vmcb &vmcb, const EntryLimits &limits) {
    namespace c0 = x86::cr0;
    const SaveArea &s = vmcb.save;
    const ControlArea &c = vmcb.control;
    const bool long_mode = (s.efer & x86::efer::LME) && (s.cr0 & c0::PG);
    const auto physical = [&](std::uint64_t address, std::uint64_t bytes) {
        return address % 4096 == 0 && (address | (address + bytes - 1)) >> limits.physical_bits == 0;
    };
    const std::uint8_t type = event::TypeField::get(c.event_inj), vector = event::VectorField::get(c.event_inj);
    const bool injects = c.event_inj & event::Valid;
    struct Check {
        bool broken;
        const char *what;
    };
    const Check checks[] = {
        {!(s.efer & x86::efer::SVME), "EFER.SVME is clear"},
        {!(s.cr0 & c0::CD) && (s.cr0 & c0::NW), "CR0.CD is clear and NW set"},
        {(s.cr0 >> 32) != 0, "CR0 has bits above 31"},
        {(s.cr3 & ~(bit(limits.physical_bits) - 1) & ~bit(63)) != 0 && long_mode, "CR3 has reserved bits"},
        {(s.cr4 & ~limits.valid_cr4) != 0, "CR4 has reserved bits"},
        {(s.dr6 >> 32) != 0, "DR6 has bits above 31"},
        {(s.dr7 >> 32) != 0, "DR7 has bits above 31"},
        {(s.efer & ~limits.valid_efer) != 0, "EFER has reserved bits"},
        {long_mode && !(s.cr4 & x86::cr4::PAE), "long mode without CR4.PAE"},
        {long_mode && !(s.cr0 & c0::PE), "long mode without CR0.PE"},
        {long_mode && (s.cs.attributes & attribute::Long) && (s.cs.attributes & attribute::Default), "CS has L and D"},
        {!(c.intercept4 & intercept::Vmrun), "VMRUN is not intercepted"},
        {!physical(c.msrpm_base, 0x2000), "the MSR map is beyond memory"},
        {!physical(c.iopm_base, 0x3000), "the I/O map is beyond memory"},
        {c.asid == 0, "ASID is 0"},
        {(c.nested_control & 1) && !physical(c.n_cr3, 4096), "nCR3 is beyond memory"},
        {injects && (type == 1 || type > event::SoftwareInterrupt), "an event of a reserved type is injected"},
        {injects && type == event::Exception && (vector == 2 || vector > 31),
         "an exception of an impossible vector is injected"},
    };
    for (const Check &check : checks)
        if (check.broken)
            return check.what;
    return nullptr;
}

} // namespace vmm::svm
