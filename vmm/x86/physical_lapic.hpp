// SPDX-License-Identifier: GPL-2.0-only
// This CPU's physical local APIC, in the mode in which the launch found it. APM vol. 2, 16.3 and 16.11.
#pragma once

#include "vmm/x86/intrinsics.hpp"
#include "vmm/x86/registers.hpp"

namespace vmm::x86 {

class PhysicalLapic {
  public:
    // `page` maps the register page uncacheable; unused in x2APIC mode.
    constexpr PhysicalLapic(bool x2apic, std::uint64_t page) : x2apic_(x2apic), page_(page) {}

    bool x2apic() const { return x2apic_; }

    std::uint32_t read(std::uint32_t offset) const {
        if (x2apic_)
            return static_cast<std::uint32_t>(rdmsr(x2apic_index(offset)));
        return *at(offset);
    }

    void write(std::uint32_t offset, std::uint32_t value) const {
        if (x2apic_)
            wrmsr(x2apic_index(offset), value);
        else
            *at(offset) = value;
    }

    void eoi() const { write(kEoi, 0); }

    // ICR with an xAPIC or x2APIC destination. x2APIC writes are not serialising: what was stored before must be
    // visible to the target first (APM vol. 2, 16.11.2), so a fence goes before; xAPIC writes are to uncacheable
    // memory.
    void send(std::uint32_t icr_low, std::uint32_t apic_id) const {
        if (x2apic_) {
            asm volatile("mfence; lfence" : : : "memory");
            wrmsr(x2apic_index(kIcrLow), std::uint64_t{apic_id} << 32 | icr_low);
            return;
        }
        while (*at(kIcrLow) & kDeliveryPending)
            pause();
        *at(kIcrHigh) = apic_id << 24;
        *at(kIcrLow) = icr_low;
    }

    static constexpr std::uint32_t kEoi = 0xb0, kIcrLow = 0x300, kIcrHigh = 0x310, kLvtTimer = 0x320,
                                   kInitialCount = 0x380, kDivide = 0x3e0, kTpr = 0x80, kSpurious = 0xf0, kTmr = 0x180;
    static constexpr std::uint32_t kDeliveryNmi = 4u << 8, kAssert = 1u << 14;

  private:
    static constexpr std::uint32_t kDeliveryPending = 1u << 12;
    static constexpr std::uint32_t x2apic_index(std::uint32_t offset) { return msr::X2apicFirst + (offset >> 4); }
    // Volatile: device registers, mapped uncacheable by the launch (core/address_map.hpp).
    volatile std::uint32_t *at(std::uint32_t offset) const {
        return reinterpret_cast<volatile std::uint32_t *>(page_ + offset);
    }

    bool x2apic_;
    std::uint64_t page_;
};

} // namespace vmm::x86
