// SPDX-License-Identifier: GPL-2.0-only
// Hardware: the privileged state of one CPU. The intrinsics in instead/vmm/x86/ act on the one that the calling thread
// plays.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace vmm::x86 {

struct CpuidResult {
    std::uint32_t eax, ebx, ecx, edx;
    bool operator==(const CpuidResult &) const = default;
};

} // namespace vmm::x86

namespace vmm::test {

struct Hardware {
    struct PortWrite {
        std::uint16_t port;
        unsigned size;
        std::uint32_t value;
        bool operator==(const PortWrite &) const = default;
    };
    using MsrWrite = std::pair<std::uint32_t, std::uint64_t>;
    using Leaf = std::pair<std::uint32_t, std::uint32_t>;

    Hardware(); // an AMD CPU with 40 address bits

    // What it has
    std::map<std::uint32_t, std::uint64_t> msrs; // others read zero
    std::set<std::uint32_t> faulting_msrs;       // #GP, which only the safe accesses survive
    std::map<Leaf, x86::CpuidResult> leaves;     // others read zero
    std::map<std::uint16_t, std::uint32_t> ports;
    std::function<std::uint32_t(std::uint16_t port)> on_port_read; // answers instead of them
    std::function<void(std::uint16_t port, std::uint32_t value)> on_port_write = [](std::uint16_t, std::uint32_t) {};
    std::uint64_t cr0 = 0x80050033, cr2 = 0, cr3 = 0, cr4 = 0x406f0, dr6 = 0xffff0ff0, dr7 = 0x400, xcr0 = 7;
    std::uint64_t dr0 = 0, dr1 = 0, dr2 = 0, dr3 = 0;
    std::array<std::uint64_t, 64> vectors{}; // one word stands for each component of XCR0
    std::uint16_t fpu_control = 0x37f;
    std::uint32_t mxcsr = 0x1f80;
    std::uint64_t tsc = 1'000'000, tsc_step = 10; // each reading moves it
    bool real_time = false;                       // the TSC counts nanoseconds, for CPUs that wait for one another

    // Of VMX: vmcs_regions.hpp.
    std::optional<std::uint64_t> vmxon_region, current_vmcs;
    std::set<std::uint32_t> absent_fields; // of a VMCS

    // What comes while it can be interrupted; one that sleeps with nobody to wake it ends the process.
    std::function<void()> on_window = [] {}, on_wait = sleeps_for_ever;

    // What was done to it, in order
    std::vector<MsrWrite> msr_writes;
    std::vector<PortWrite> port_writes;
    unsigned vmreads = 0, vmwrites = 0;             // that this CPU has executed
    std::vector<std::string> trace;                 // VMSAVE and its like, with addresses
    std::pair<std::uint64_t, std::uint64_t> tables; // GDT and IDT that load_tables loaded last
    unsigned wbinvds = 0;

    x86::CpuidResult cpuid(std::uint32_t leaf, std::uint32_t subleaf) const;
    std::uint64_t read_tsc();
    bool read_msr(std::uint32_t index, std::uint64_t &value) const;
    bool write_msr(std::uint32_t index, std::uint64_t value);

  private:
    static void sleeps_for_ever();
    bool faults(std::uint32_t index, bool write) const;
};

// The CPU that this thread plays; ends the process when it plays none.
Hardware &hardware();
void play(Hardware *cpu);

} // namespace vmm::test
