// SPDX-License-Identifier: GPL-2.0-only
// The machine's IO-APICs behind their guards. One lock for all: their register accesses are rare.
#pragma once

#include "vmm/apic/virtual_ioapic.hpp"
#include "vmm/base/types.hpp"
#include "vmnix/abi/handover/handover.h"

#include <span>

namespace vmm {

// The device's registers through its uncacheable page.
class PhysicalIoapic {
  public:
    constexpr PhysicalIoapic() = default;
    explicit PhysicalIoapic(std::uint64_t page) : page_(page) {}

    std::uint32_t read(std::uint8_t index) const {
        *at(ioapic::kSelectOffset) = index;
        return *at(ioapic::kWindowOffset);
    }
    void write(std::uint8_t index, std::uint32_t value) const {
        *at(ioapic::kSelectOffset) = index;
        *at(ioapic::kWindowOffset) = value;
    }
    void eoi(std::uint32_t vector) const { *at(ioapic::kEoiOffset) = vector; }

  private:
    // Volatile: device registers (core/address_space.cpp maps them).
    volatile std::uint32_t *at(std::uint32_t offset) const {
        return reinterpret_cast<volatile std::uint32_t *>(page_ + offset);
    }
    std::uint64_t page_ = 0;
};

class IoApics {
  public:
    struct One {
        Hpa page; // register page, physical
        PhysicalIoapic device;
        VirtualIoapic<PhysicalIoapic> model;
    };

    // One place for each, which outlives this.
    void use(std::span<One> places) { all_ = places; }
    // Before any CPU is stopped: the console still uses the device, so it is not touched.
    void add(Hpa page, std::uint64_t va) { all_[count_++] = {page.page(), PhysicalIoapic(va), {}}; }

    // With every CPU stopped.
    Result<> capture() {
        for (One &one : all()) {
            TRY(one.model.capture(one.device));
            captured_++;
        }
        return {};
    }
    void release() {
        while (captured_ != 0)
            all_[--captured_].model.release();
    }

    std::span<One> all() { return all_.first(count_); }

    One *at(Gpa address) {
        for (One &one : all())
            if (address.page().raw() == one.page.raw())
                return &one;
        return nullptr;
    }

  private:
    std::span<One> all_;
    unsigned count_ = 0, captured_ = 0;
};

} // namespace vmm
