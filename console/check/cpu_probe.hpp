// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstdint>
#include <optional>

namespace console {

struct CpuidLeaf {
    std::uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
};

// What any program may ask of the CPU that it runs on.
class CpuProbe {
  public:
    virtual ~CpuProbe() = default;
    // Moves this thread to a CPU; false when it may not run there.
    virtual bool visit(unsigned cpu) = 0;
    virtual CpuidLeaf cpuid(std::uint32_t leaf, std::uint32_t subleaf = 0) = 0;
    virtual std::uint64_t xcr0() = 0; // only where CPUID says OSXSAVE
    virtual std::uint64_t measure_tsc_khz() = 0;
    // Out of a file of the msr driver: 8 bytes at each number, though numbers are one apart.
    virtual std::optional<std::uint64_t> msr(int file, std::uint32_t number) = 0;
};

} // namespace console
