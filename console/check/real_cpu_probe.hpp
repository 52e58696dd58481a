// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <sched.h>

#include "console/check/cpu_probe.hpp"

namespace console {

// This machine; the destructor lets the thread run where it might before.
class RealCpuProbe : public CpuProbe {
  public:
    RealCpuProbe();
    ~RealCpuProbe() override;
    RealCpuProbe(const RealCpuProbe &) = delete;
    RealCpuProbe &operator=(const RealCpuProbe &) = delete;

    bool visit(unsigned cpu) override;
    CpuidLeaf cpuid(std::uint32_t leaf, std::uint32_t subleaf) override;
    std::uint64_t xcr0() override;
    std::uint64_t measure_tsc_khz() override;
    std::optional<std::uint64_t> msr(int file, std::uint32_t number) override;

  private:
    cpu_set_t before_{};
    bool saved_;
};

} // namespace console
