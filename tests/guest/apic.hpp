// SPDX-License-Identifier: GPL-2.0-only
// The interrupt controllers. Local APIC registers by their offsets in the page (SDM vol. 3, table 11-1), in either
// mode.
#pragma once

#include "x86.hpp"

namespace apic {

inline constexpr std::uint32_t Id = 0x20, Version = 0x30, TaskPriority = 0x80, Eoi = 0xb0, Spurious = 0xf0, Isr = 0x100,
                               Irr = 0x200, IcrLow = 0x300, IcrHigh = 0x310, LvtTimer = 0x320, LvtLint0 = 0x350,
                               LvtLint1 = 0x360, LvtError = 0x370, InitialCount = 0x380, CurrentCount = 0x390,
                               Divide = 0x3e0;
inline constexpr std::uint32_t Masked = 1 << 16, Periodic = 1 << 17, Deadline = 2 << 17, Level = 1 << 15,
                               ToNmi = 4 << 8, ToInit = 5 << 8, ToStartUp = 6 << 8, Asserted = 1 << 14,
                               ToSelf = 1 << 18, ToOthers = 3 << 18, DivideBy1 = 0xb;

inline volatile std::uint32_t &page(std::uint32_t offset) {
    return *reinterpret_cast<volatile std::uint32_t *>(0xfee00000ul + offset); // where it is after reset
}

bool is_x2apic();
void enter_x2apic();

std::uint32_t read(std::uint32_t offset);
void write(std::uint32_t offset, std::uint32_t value);
void send(std::uint32_t destination, std::uint32_t command);
inline void eoi() {
    write(Eoi, 0);
}
void enable(); // the processor's own
void arm_deadline(std::uint64_t tsc);

} // namespace apic

namespace ioapic {

inline constexpr std::uint32_t kPins = 24;
std::uint32_t read(std::uint32_t index);
void write(std::uint32_t index, std::uint32_t value);
void route(unsigned pin, std::uint32_t low, std::uint32_t destination = 0);
void mask_all();

} // namespace ioapic

namespace pic {

void mask_all();
// Lines in `open` reach the first processor by LINT0, as vectors from `base` on.
void open(std::uint16_t open, std::uint8_t base);
void eoi(unsigned line);

} // namespace pic
