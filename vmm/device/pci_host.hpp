// SPDX-License-Identifier: GPL-2.0-only
// PciHost: configuration mechanism 1 of the PCI Local Bus Specification 3.0, 3.2.2.3.2, in front of a bus with nothing
// on it but a host bridge. Kernels complain when there is no PCI at all.
#pragma once

#include "vmm/base/bits.hpp"

#include <array>
#include <cstdint>

namespace vmm::device {

class PciHost {
  public:
    void reset() { address_ = 0; }

    std::uint32_t read_address() const { return address_; }
    void write_address(std::uint32_t value) { address_ = value & ~kReserved; }
    // `offset` in the data register, `size` 1, 2 or 4. What nobody answers reads ones, and writes go nowhere.
    std::uint32_t read_data(unsigned offset, unsigned size) const {
        if (Target::get(address_) != kBridge || offset + size > 4)
            return static_cast<std::uint32_t>(bit(8 * size) - 1);
        const auto index = static_cast<unsigned>(Register::get(address_));
        const std::uint32_t word = index < kHeader.size() ? kHeader[index] : 0;
        return static_cast<std::uint32_t>(word >> 8 * offset & (bit(8 * size) - 1));
    }

  private:
    using Target = Field<31, 8, std::uint32_t>; // enable bit, bus, device, function
    using Register = Field<7, 2>;
    static constexpr std::uint32_t kReserved = 0x7f000003, kBridge = 1u << 23; // enabled; all numbers 0
    // Identification without a driver, status and command, class "host bridge": 6.1 and appendix D.
    static constexpr std::array<std::uint32_t, 3> kHeader{0x00081b36, 0, 0x06000000};

    std::uint32_t address_ = 0;
};

} // namespace vmm::device
