// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/apic/ioapic_shadow.hpp"

namespace vmm {
namespace {

constexpr std::uint64_t kLowHalf = 0xffffffff;

} // namespace

void IoapicShadow::reset(unsigned pins) {
    *this = IoapicShadow();
    pins_ = pins;
}

void IoapicShadow::set_captured(unsigned pin, std::uint64_t entry) {
    captured_[pin] = entry;
    set_high(pin, static_cast<std::uint32_t>(entry >> 32));
    set_low(pin, static_cast<std::uint32_t>(entry));
}

void IoapicShadow::set_low(unsigned pin, std::uint32_t value) {
    entries_[pin] = (entries_[pin] & ~kLowHalf) | (value & kEntryLowWritable);
    if (is_level(entries_[pin])) {
        level_.set(pin);
    } else {
        // Edge mode has no Remote IRR: this is how software ends an interrupt where there is no EOI register.
        level_.reset(pin);
        let_go(pin);
    }
}

void IoapicShadow::set_high(unsigned pin, std::uint32_t value) {
    entries_[pin] = (entries_[pin] & kLowHalf) | std::uint64_t{value & kEntryHighWritable} << 32;
}

void IoapicShadow::hold(unsigned pin, std::uint8_t vector) {
    held_.set(pin);
    vector_[pin] = vector;
}

bool IoapicShadow::may_try_again(unsigned pin) {
    constexpr std::uint8_t kMostRefusals = 8;
    if (refusals_[pin] == kMostRefusals)
        return false;
    refusals_[pin]++;
    return true;
}

void IoapicShadow::let_go(unsigned pin) {
    held_.reset(pin);
    refused_.reset(pin);
    doubtful_.reset(pin);
}

} // namespace vmm
