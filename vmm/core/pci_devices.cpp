// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/core/pci_devices.hpp"

#include "vmm/base/bits.hpp"
#include "vmm/x86/intrinsics.hpp"

namespace vmm {
namespace {

// PCI Local Bus 3.0, 6.1 and 6.7 to 6.8.
constexpr std::uint8_t kVendor = 0x00, kCommand = 0x04, kClass = 0x08, kHeader = 0x0c, kCapabilities = 0x34;
constexpr std::uint32_t kBusMaster = 1u << 2, kInterruptDisable = 1u << 10, kHasCapabilities = 1u << 20;
constexpr std::uint32_t kMultifunction = 1u << 23, kNobody = 0xffff;
constexpr std::uint32_t kMsi = 0x05, kMsiX = 0x11, kMsiEnable = 1u << 16, kMsiXEnable = 1u << 31;
constexpr std::uint32_t kHostBridge = 0x0600, kIsaBridge = 0x0601;

class Function {
  public:
    Function(unsigned bus, unsigned device, unsigned function)
        : address_(1u << 31 | bus << 16 | device << 11 | function << 8) {}

    std::uint32_t read(std::uint8_t offset) const {
        select(offset);
        return x86::in(kDataPort, 4);
    }
    void write(std::uint8_t offset, std::uint32_t value) const {
        select(offset);
        x86::out(kDataPort, 4, value);
    }
    // Writing ones to the status half would clear what it holds: it is written as zeroes.
    void set_command(std::uint32_t set, std::uint32_t clear) const {
        const std::uint32_t command = read(kCommand) & 0xffff;
        write(kCommand, (command | set) & ~clear);
    }

  private:
    static constexpr std::uint16_t kAddressPort = 0xcf8, kDataPort = 0xcfc;
    void select(std::uint8_t offset) const { x86::out(kAddressPort, 4, address_ | (offset & 0xfcu)); }
    std::uint32_t address_;
};

// A list that a device may have made a circle.
void disable_messages(const Function &function) {
    constexpr unsigned kMostCapabilities = 48;
    if (!(function.read(kCommand) & kHasCapabilities))
        return;
    auto at = static_cast<std::uint8_t>(function.read(kCapabilities) & 0xfc);
    for (unsigned i = 0; at >= 0x40 && i < kMostCapabilities; i++) {
        const std::uint32_t header = function.read(at);
        if ((header & 0xff) == kMsi)
            function.write(at, header & ~kMsiEnable);
        if ((header & 0xff) == kMsiX)
            function.write(at, header & ~kMsiXEnable);
        at = static_cast<std::uint8_t>(header >> 8 & 0xfc);
    }
}

void quiesce(const Function &function) {
    const std::uint32_t kind = function.read(kClass) >> 16;
    if (kind == kHostBridge || kind == kIsaBridge)
        return; // the way to memory of others
    function.set_command(kInterruptDisable, kBusMaster);
    disable_messages(function);
    (void)function.read(kVendor); // pushes what it had posted before it
}

} // namespace

unsigned quiesce_bus(unsigned bus) {
    unsigned found = 0;
    for (unsigned device = 0; device < 32; device++) {
        unsigned functions = 1;
        for (unsigned number = 0; number < functions; number++) {
            const Function function(bus, device, number);
            if ((function.read(kVendor) & 0xffff) == kNobody)
                continue;
            if (number == 0 && (function.read(kHeader) & kMultifunction))
                functions = 8;
            quiesce(function);
            found++;
        }
    }
    return found;
}

} // namespace vmm
