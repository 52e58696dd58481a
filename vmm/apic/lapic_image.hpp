// SPDX-License-Identifier: GPL-2.0-only
// LapicImage: the architectural registers of one physical LAPIC, as read from it or to be written back to it.
#pragma once

#include "vmm/apic/registers.hpp"

#include <array>
#include <cstdint>
#include <type_traits>

namespace vmm {

struct LapicImage {
    std::uint64_t apic_base = 0;
    std::uint64_t tsc_deadline = 0;                             // 0 where the CPU has no such MSR
    std::array<std::uint32_t, kLapicRegisterCount> registers{}; // ICR as two halves in either mode

    constexpr std::uint32_t &operator[](LapicRegister reg) { return registers[index_of(reg)]; }
    constexpr std::uint32_t operator[](LapicRegister reg) const { return registers[index_of(reg)]; }
};
static_assert(std::is_trivially_copyable_v<LapicImage> && sizeof(LapicImage) == 16 + 4 * kLapicRegisterCount);

} // namespace vmm
