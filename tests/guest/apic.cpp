// SPDX-License-Identifier: GPL-2.0-only
#include "apic.hpp"

#include "interrupts.hpp"

namespace apic {
namespace {

bool in_x2apic = false; // all processors change together

} // namespace

bool is_x2apic() {
    return in_x2apic;
}

void enter_x2apic() {
    x86::wrmsr(x86::msr::ApicBase, x86::rdmsr(x86::msr::ApicBase) | 0xc00);
    in_x2apic = true;
}

std::uint32_t read(std::uint32_t offset) {
    return in_x2apic ? static_cast<std::uint32_t>(x86::rdmsr(x86::msr::X2apic + (offset >> 4))) : page(offset);
}

void write(std::uint32_t offset, std::uint32_t value) {
    if (in_x2apic)
        x86::wrmsr(x86::msr::X2apic + (offset >> 4), value);
    else
        page(offset) = value;
}

void send(std::uint32_t destination, std::uint32_t command) {
    if (in_x2apic)
        return x86::wrmsr(x86::msr::X2apic + (IcrLow >> 4), std::uint64_t{destination} << 32 | command);
    page(IcrHigh) = destination << 24;
    page(IcrLow) = command;
}

void enable() {
    write(TaskPriority, 0);
    write(LvtTimer, Masked);
    write(LvtLint0, Masked);
    write(LvtLint1, Masked);
    write(LvtError, Masked);
    write(Spurious, 0x100 | kSpurious);
}

void arm_deadline(std::uint64_t tsc) {
    x86::wrmsr(x86::msr::TscDeadline, tsc);
}

} // namespace apic

namespace ioapic {
namespace {

volatile std::uint32_t &at(std::uint32_t offset) {
    return *reinterpret_cast<volatile std::uint32_t *>(0xfec00000ul + offset); // as the MADT says
}

} // namespace

std::uint32_t read(std::uint32_t index) {
    at(0) = index;
    return at(0x10);
}

void write(std::uint32_t index, std::uint32_t value) {
    at(0) = index;
    at(0x10) = value;
}

void route(unsigned pin, std::uint32_t low, std::uint32_t destination) {
    write(0x10 + 2 * pin, apic::Masked);
    write(0x11 + 2 * pin, destination << 24);
    write(0x10 + 2 * pin, low);
}

void mask_all() {
    for (unsigned pin = 0; pin < kPins; pin++)
        write(0x10 + 2 * pin, apic::Masked);
}

} // namespace ioapic

namespace pic {
namespace {

constexpr std::uint16_t kFirst = 0x20, kSecond = 0xa0;

} // namespace

void mask_all() {
    x86::out8(kFirst + 1, 0xff);
    x86::out8(kSecond + 1, 0xff);
}

// 8259A data sheet, figure 7: ICW1 to ICW4, then OCW1.
void open(std::uint16_t open, std::uint8_t base) {
    const std::uint8_t icw1 = 0x11, icw4 = 1;
    x86::out8(kFirst, icw1);
    x86::out8(kFirst + 1, base);
    x86::out8(kFirst + 1, 1 << 2);
    x86::out8(kFirst + 1, icw4);
    x86::out8(kSecond, icw1);
    x86::out8(kSecond + 1, static_cast<std::uint8_t>(base + 8));
    x86::out8(kSecond + 1, 2);
    x86::out8(kSecond + 1, icw4);
    x86::out8(kFirst + 1, static_cast<std::uint8_t>(~(open | (open >> 8 ? 4 : 0))));
    x86::out8(kSecond + 1, static_cast<std::uint8_t>(~(open >> 8)));
    apic::write(apic::LvtLint0, 7 << 8);
}

void eoi(unsigned line) {
    if (line >= 8)
        x86::out8(kSecond, 0x20);
    x86::out8(kFirst, 0x20);
}

} // namespace pic
