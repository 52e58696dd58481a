// SPDX-License-Identifier: GPL-2.0-only
// FakeIoapic: an IO-APIC with its lines and the messages it sends, as the data sheet has it. It notes every moment at
// which an entry that must not reach hardware stands open in it.
#pragma once

#include "vmm/apic/registers.hpp"

#include <array>
#include <cstdint>
#include <deque>
#include <vector>

namespace vmm::test {

class FakeIoapic {
  public:
    struct Message {
        unsigned pin;
        std::uint8_t vector; // as delivered: in the remappable format not the entry's
        std::uint8_t cpu;
        bool level;
    };

    explicit FakeIoapic(unsigned pins = 24, std::uint8_t version = 0x20);

    // Registers
    std::uint32_t read(std::uint8_t index);
    void write(std::uint8_t index, std::uint32_t value);
    void eoi(std::uint32_t value);
    // As firmware or the kernel had left it, before anybody guards it.
    void preset(unsigned pin, std::uint64_t entry) { entries_[pin] = entry; }

    void allow_ext_int(unsigned pin) { ext_int_allowed_[pin] = true; }

    // The world around
    void set_line(unsigned pin, bool asserted);
    bool line(unsigned pin) const { return lines_[pin]; }
    void broadcast_eoi(std::uint8_t vector); // from a physical LAPIC
    void remap(unsigned pin, std::uint8_t vector, std::uint8_t cpu) { remapped_[pin] = {pin, vector, cpu, true}; }

    std::uint64_t entry(unsigned pin) const { return entries_[pin]; }
    bool is_masked(unsigned pin) const { return ioapic::Masked::get(entries_[pin]); }
    bool remote_irr(unsigned pin) const { return ioapic::RemoteIrr::get(entries_[pin]); }
    std::uint8_t selected() const { return selected_; }

    std::deque<Message> messages;
    std::vector<std::uint64_t> violations;
    unsigned accesses = 0;
    std::uint32_t id = 0;

  private:
    void service(unsigned pin);
    void clear_remote_irr(unsigned pin);

    std::uint8_t version_;
    std::uint8_t selected_ = 0;
    std::vector<std::uint64_t> entries_;
    std::vector<bool> lines_;
    std::vector<bool> latched_; // edges
    std::vector<bool> ext_int_allowed_;
    std::vector<Message> remapped_;
};

// What VirtualIoapic is instantiated with.
struct FakeHardware {
    FakeIoapic *io = nullptr;
    std::uint32_t read(std::uint8_t index) { return io->read(index); }
    void write(std::uint8_t index, std::uint32_t value) { io->write(index, value); }
    void eoi(std::uint32_t vector) { io->eoi(vector); }
};

} // namespace vmm::test
