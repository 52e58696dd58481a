// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/core/pci_devices.hpp"

#include "vmm/base/bits.hpp"
#include "vmm/x86/intrinsics.hpp"

#include <algorithm>

namespace vmm {
namespace {

// PCI Local Bus 3.0, 6.1 and 6.7 to 6.8.
constexpr std::uint8_t kVendor = 0x00, kCommand = 0x04, kClass = 0x08, kHeader = 0x0c, kCapabilities = 0x34;
constexpr std::uint32_t kBusMaster = 1u << 2, kInterruptDisable = 1u << 10, kHasCapabilities = 1u << 20;
constexpr std::uint32_t kMultifunction = 1u << 23, kNobody = 0xffff;
constexpr std::uint32_t kMsi = 0x05, kMsiX = 0x11, kMsiEnable = 1u << 16, kMsiXEnable = 1u << 31;
constexpr std::uint32_t kHeaderType = 0x7fu << 16;
constexpr std::uint32_t kHostBridge = 0x0600, kIsaBridge = 0x0601;

// PCI Express 4.0, 7.5.3.3 and 7.5.3.4; the ECN Advanced Capabilities for Conventional PCI.
constexpr std::uint32_t kExpress = 0x10, kAdvancedFeatures = 0x13;
constexpr std::uint32_t kExpressCanReset = 1u << 28, kExpressReset = 1u << 15; // device capabilities, control
constexpr std::uint32_t kAdvancedCanReset = 1u << 25, kAdvancedReset = 1u << 0;

// What a reset clears and the next kernel expects of the firmware: cache line and latency, BARs, expansion ROM,
// interrupt line.
constexpr std::uint8_t kKept[] = {0x0c, 0x10, 0x14, 0x18, 0x1c, 0x20, 0x24, 0x30, 0x3c};

// They announce a reset that does not work, by their vendors' errata: device and vendor.
constexpr std::uint32_t kBrokenResets[] = {0x14871022, 0x148c1022, 0x149c1022, 0x79011022, 0x15028086, 0x15038086};

} // namespace

class PciResets::Function {
  public:
    Function(unsigned bus, unsigned device, unsigned function)
        : Function(1u << 31 | bus << 16 | device << 11 | function << 8) {}
    explicit Function(std::uint32_t address) : address_(address) {}

    std::uint32_t address() const { return address_; } // as the address port takes it, of register 0

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

namespace {

// Calls `each` with offset and header of every capability, in a list that a device may have made a circle.
template <class Function, class Each> void for_capabilities(const Function &function, Each each) {
    constexpr unsigned kMostCapabilities = 48;
    if (!(function.read(kCommand) & kHasCapabilities))
        return;
    auto at = static_cast<std::uint8_t>(function.read(kCapabilities) & 0xfc);
    for (unsigned i = 0; at >= 0x40 && i < kMostCapabilities; i++) {
        const std::uint32_t header = function.read(at);
        each(at, header);
        at = static_cast<std::uint8_t>(header >> 8 & 0xfc);
    }
}

template <class Function> void disable_messages(const Function &function) {
    for_capabilities(function, [&](std::uint8_t at, std::uint32_t header) {
        if ((header & 0xff) == kMsi)
            function.write(at, header & ~kMsiEnable);
        if ((header & 0xff) == kMsiX)
            function.write(at, header & ~kMsiXEnable);
    });
}

// The register and the value that begin its reset; register 0 when it has none.
struct ResetWrite {
    std::uint8_t at = 0;
    std::uint32_t value = 0;
};
template <class Function> ResetWrite reset_of(const Function &function) {
    ResetWrite found;
    for_capabilities(function, [&](std::uint8_t at, std::uint32_t header) {
        const auto next = static_cast<std::uint8_t>(at + 4), control = static_cast<std::uint8_t>(at + 8);
        if ((header & 0xff) == kExpress && (function.read(next) & kExpressCanReset))
            found = {control, (function.read(control) & 0xffff) | kExpressReset};
        if ((header & 0xff) == kAdvancedFeatures && (header & kAdvancedCanReset))
            found = {next, kAdvancedReset};
    });
    return found;
}

} // namespace

void PciResets::reset(const Function &function) {
    const bool is_device = (function.read(kHeader) & kHeaderType) == 0; // bridges have no reset of this kind
    if (!is_device || count_ == kMost || std::ranges::count(kBrokenResets, function.read(kVendor)) != 0)
        return;
    const ResetWrite write = reset_of(function);
    if (write.at == 0)
        return;
    Saved &saved = saved_[count_++];
    saved.address = function.address();
    std::ranges::transform(kKept, saved.values.begin(), [&](std::uint8_t at) { return function.read(at); });
    function.write(write.at, write.value);
}

bool PciResets::restore(unsigned n) const {
    const Function function(saved_[n].address);
    if ((function.read(kVendor) & 0xffff) == kNobody)
        return false;
    for (std::size_t i = 0; i < std::size(kKept); i++)
        function.write(kKept[i], saved_[n].values[i]);
    function.set_command(kInterruptDisable, kBusMaster);
    return true;
}

void PciResets::quiesce(const Function &function) {
    const std::uint32_t kind = function.read(kClass) >> 16;
    if (kind == kHostBridge || kind == kIsaBridge)
        return; // the way to memory of others
    function.set_command(kInterruptDisable, kBusMaster);
    disable_messages(function);
    (void)function.read(kVendor); // pushes what it had posted before it
    reset(function);
}

unsigned PciResets::quiesce_bus(unsigned bus) {
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
