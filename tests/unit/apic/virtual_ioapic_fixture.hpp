// SPDX-License-Identifier: GPL-2.0-only
// A guarded IO-APIC over a fake one, with the accesses that kernels make. The parameter is the device's version.
#pragma once

#include "tests/unit/apic/fake_ioapic.hpp"
#include "vmm/apic/virtual_ioapic.hpp"

#include <gtest/gtest.h>

namespace vmm::test {

using namespace ioapic;

inline constexpr std::uint64_t kLevelEntry = Level::mask | ActiveLow::mask;

class VirtualIoapicTest : public ::testing::TestWithParam<std::uint8_t> {
  protected:
    VirtualIoapicTest() : hardware(24, GetParam()) {}
    ~VirtualIoapicTest() override { EXPECT_TRUE(hardware.violations.empty()); }

    void capture() { ASSERT_TRUE(guard.capture(FakeHardware{&hardware})); }
    void guest_write(std::uint8_t index, std::uint32_t value) {
        guard.write(kSelectOffset, index);
        guard.write(kWindowOffset, value);
    }
    std::uint32_t guest_read(std::uint8_t index) {
        guard.write(kSelectOffset, index);
        return guard.read(kWindowOffset);
    }
    static std::uint8_t low(unsigned pin) { return static_cast<std::uint8_t>(0x10 + 2 * pin); }
    std::uint64_t guest_entry(unsigned pin) {
        return guest_read(low(pin)) | std::uint64_t{guest_read(low(pin) + 1)} << 32;
    }
    // The order of kernels: the upper half first.
    void set_entry(unsigned pin, std::uint64_t entry) {
        guest_write(low(pin) + 1, static_cast<std::uint32_t>(entry >> 32));
        guest_write(low(pin), static_cast<std::uint32_t>(entry));
    }
    void set_masked(unsigned pin, bool masked) {
        guest_write(low(pin), static_cast<std::uint32_t>(Masked::set(guest_entry(pin), masked)));
    }
    // What the VMM does with the oldest message.
    FakeIoapic::Message take() {
        EXPECT_FALSE(hardware.messages.empty());
        const FakeIoapic::Message message = hardware.messages.front();
        hardware.messages.pop_front();
        if (message.level) {
            guard.level_arrived(message.vector);
            hardware.broadcast_eoi(message.vector);
        }
        return message;
    }
    bool in_flight(unsigned pin) { return RemoteIrr::get(guest_entry(pin)); }
    // How kernels end an interrupt at the IO-APIC itself, by version.
    void kernel_eoi(unsigned pin, std::uint8_t vector) {
        if (GetParam() >= 0x20)
            return guard.write(kEoiOffset, vector);
        const std::uint64_t entry = guest_entry(pin);
        set_entry(pin, Level::set(Masked::set(entry, true), false));
        set_entry(pin, entry);
    }

    FakeIoapic hardware;
    VirtualIoapic<FakeHardware> guard;
};

} // namespace vmm::test
