// SPDX-License-Identifier: GPL-2.0-only
// A bus with functions whose configuration is plain memory, but for the bits that reset them.
#include "vmm/core/pci_devices.hpp"

#include "tests/unit/fakes/hardware.hpp"

#include <gtest/gtest.h>
#include <map>

namespace vmm::test {
namespace {

class PciBus : public testing::Test {
  protected:
    using Registers = std::map<unsigned, std::uint32_t>; // by offset

    PciBus() {
        play(&hardware_);
        hardware_.on_port_write = [this](std::uint16_t port, std::uint32_t value) {
            if (port == 0xcf8)
                address_ = value;
            else if (port == 0xcfc)
                written(value);
        };
        hardware_.on_port_read = [this](std::uint16_t) { return present() ? registers()[offset()] : ~0u; };
    }
    ~PciBus() override { play(nullptr); }

    static unsigned at(unsigned device, unsigned function = 0) { return device << 11 | function << 8; }
    // With a PCI Express capability at 0x40.
    Registers &add_express(unsigned where, std::uint32_t capabilities) {
        Registers &r = bus_[where];
        r = {{0x00, 0x1234abcd}, {0x04, 0x00100006},   {0x08, 0x02000000}, {0x0c, 0x10},
             {0x10, 0xfe000000}, {0x24, 0xfd00000c},   {0x34, 0x40},       {0x3c, 0x10b},
             {0x40, 0x10},       {0x44, capabilities}, {0x48, 0x00092810}};
        return r;
    }

    static constexpr std::uint32_t kCanReset = 1u << 28;
    std::map<unsigned, Registers> bus_;
    std::map<unsigned, unsigned> resets_;
    PciResets pci_;

  private:
    unsigned function() const { return address_ & 0xff00; }
    unsigned offset() const { return address_ & 0xfc; }
    bool present() const { return (address_ >> 16 & 0xff) == 0 && bus_.contains(function()); }
    Registers &registers() { return bus_[function()]; }
    void written(std::uint32_t value) {
        if (!present())
            return;
        std::uint32_t &reg = registers()[offset()];
        reg =
            offset() == 0x04 ? (reg & 0xffff0000) | (value & 0xffff) : value; // the status is read-only but for errors
        const bool express = offset() == 0x48 && registers()[0x40] == 0x10 && (value & 1u << 15);
        const bool advanced = offset() == 0x44 && (registers()[0x40] & 0xff) == 0x13 && (value & 1);
        if (!express && !advanced)
            return;
        resets_[function()]++;
        for (const unsigned lost : {0x04u, 0x0cu, 0x10u, 0x24u, 0x3cu})
            registers()[lost] &= lost == 0x04 ? 0xffff0000u : 0;
    }

    Hardware hardware_;
    std::uint32_t address_ = 0;
};

TEST_F(PciBus, OneThatCanIsResetAndGetsItsAddressesBack) {
    PciBus::Registers &device = add_express(at(3), kCanReset);
    EXPECT_EQ(pci_.quiesce_bus(0), 1u);
    EXPECT_EQ(resets_[at(3)], 1u);
    ASSERT_EQ(pci_.count(), 1u);
    EXPECT_EQ(device[0x10], 0u);
    EXPECT_TRUE(pci_.restore(0));
    EXPECT_EQ(device[0x10], 0xfe000000u);
    EXPECT_EQ(device[0x24], 0xfd00000cu);
    EXPECT_EQ(device[0x0c], 0x10u);
    EXPECT_EQ(device[0x3c], 0x10bu);
    EXPECT_EQ(device[0x04] & 0x407u, 0x400u); // no decoding either, until its driver says so
}

TEST_F(PciBus, AdvancedFeaturesToo) {
    PciBus::Registers &device = add_express(at(3), 0);
    device[0x40] = 0x02060013; // six bytes, with a reset
    (void)pci_.quiesce_bus(0);
    EXPECT_EQ(resets_[at(3)], 1u);
    EXPECT_TRUE(pci_.restore(0));
    EXPECT_EQ(device[0x10], 0xfe000000u);
}

TEST_F(PciBus, OthersAreSilencedOnly) {
    add_express(at(1), 0);                         // has no reset
    add_express(at(2), kCanReset)[0x0c] = 1 << 16; // a bridge
    add_express(at(3), kCanReset)[0x00] = 0x14871022;
    add_express(at(4), kCanReset)[0x04] = 6; // no capabilities
    EXPECT_EQ(pci_.quiesce_bus(0), 4u);
    EXPECT_EQ(pci_.count(), 0u);
    EXPECT_TRUE(resets_.empty());
    for (unsigned device = 1; device < 5; device++)
        EXPECT_EQ(bus_[at(device)][0x04] & 0x404u, 0x400u) << device;
}

TEST_F(PciBus, BridgesToMemoryAreLeftAlone) {
    for (const std::uint32_t kind : {0x06000000u, 0x06010000u}) {
        PciBus::Registers &bridge = add_express(at(0), kCanReset);
        bridge[0x08] = kind;
        (void)pci_.quiesce_bus(0);
        EXPECT_EQ(bridge[0x04], 0x00100006u);
    }
    EXPECT_EQ(pci_.count(), 0u);
}

TEST_F(PciBus, MessagesAreOff) {
    PciBus::Registers &device = add_express(at(3), 0);
    device[0x34] = 0x50;
    device[0x50] = 0x00816005; // MSI, then MSI-X, then MSI again: a circle
    device[0x60] = 0x80045011;
    (void)pci_.quiesce_bus(0);
    EXPECT_EQ(device[0x50], 0x00806005u);
    EXPECT_EQ(device[0x60], 0x00045011u);
}

TEST_F(PciBus, OneThatStaysAwayIsTold) {
    add_express(at(3), kCanReset);
    (void)pci_.quiesce_bus(0);
    bus_.clear();
    EXPECT_FALSE(pci_.restore(0));
}

TEST_F(PciBus, NoMoreThanFit) {
    for (unsigned device = 0; device < 32; device++)
        for (unsigned function = 0; function < 8; function++)
            add_express(at(device, function), kCanReset)[0x0c] = 1u << 23;
    EXPECT_EQ(pci_.quiesce_bus(0), 256u);
    EXPECT_EQ(pci_.count(), PciResets::kMost);
    EXPECT_EQ(resets_.size(), PciResets::kMost);
}

} // namespace
} // namespace vmm::test
