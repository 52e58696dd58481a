// SPDX-License-Identifier: GPL-2.0-only
// The PCI devices of a console that has ended: they stop writing to memory and sending messages. By configuration
// mechanism #1 (PCI Local Bus 3.0, 3.2.2.3.2), which reaches the first segment's buses.
#pragma once

#include <array>
#include <cstdint>

namespace vmm {

// Functions that are being reset, and what of their configuration is lost by that.
class PciResets {
  public:
    static constexpr unsigned kMost = 64;
    static constexpr std::uint64_t kWaitUs = 100000; // after the last quiesce_bus(): PCI Express 4.0, 6.6.2

    // Every function on the bus that is no host or ISA bridge: bus mastering and interrupts off, MSI and MSI-X
    // disabled. What was on its way is in memory when this returns, as the last reading pushes it (PCI
    // Express 4.0, 2.4.1). One that has a reset of its own begins it; beyond kMost there is none. Returns how many
    // functions there are.
    unsigned quiesce_bus(unsigned bus);

    // There is another console's end to work for.
    void forget() { count_ = 0; }

    // How many resets have begun.
    unsigned count() const { return count_; }

    // After kWaitUs: gives the n-th function its addresses back. False when it does not answer.
    bool restore(unsigned n) const;

  private:
    class Function;
    struct Saved {
        std::uint32_t address = 0;
        std::array<std::uint32_t, 9> values{};
    };
    void quiesce(const Function &function);
    void reset(const Function &function);

    std::array<Saved, kMost> saved_{};
    unsigned count_ = 0;
};

} // namespace vmm
