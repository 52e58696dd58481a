// SPDX-License-Identifier: GPL-2.0-only
// Board: the devices of one virtual PC and the wires between them. When take_attention() says so after a call, the
// caller drains what has come out: take_message() until it says no, take_output(), ending(); looks at pic_intr(); and
// sees to it that run() is called at deadline().
//
// Times are nanoseconds of the VM's clock, which starts at 0 and does not go back. One lock around everything.
#pragma once

#include "vmm/apic/ipi.hpp"
#include "vmm/device/acpi_pm.hpp"
#include "vmm/device/clock.hpp"
#include "vmm/device/ending.hpp"
#include "vmm/device/ioapic.hpp"
#include "vmm/device/maybe_byte.hpp"
#include "vmm/device/pci_host.hpp"
#include "vmm/device/pic_pair.hpp"
#include "vmm/device/pit8254.hpp"
#include "vmm/device/port_map.hpp"
#include "vmm/device/rtc.hpp"
#include "vmm/device/uart16550.hpp"

#include <cstdint>
#include <utility>

namespace vmm::device {

struct PortRead {
    std::uint32_t value;
    bool known; // somebody is at that port
};

class Board {
  public:
    // ISA lines. Line n is the IO-APIC's pin n, but for the timer's, whose pin is 2: the ACPI tables say so.
    static constexpr unsigned kTimerLine = 0, kUartLine = 4, kRtcLine = 8, kSciLine = 9;
    static constexpr unsigned kTimerPin = 2;
    static constexpr std::uint64_t kIoapicBase = 0xfec00000;
    // A timer that is programmed to tick faster has its ticks put together.
    static constexpr std::uint64_t kShortestTick = 100'000;

    // Power-on: the time of day in seconds since 1970 at the VM's time 0.
    void configure(std::uint64_t epoch);
    // The reset line: only the clock and its memory stay.
    void reset();

    // An access to the serial line: it does not look at the time.
    static bool is_timeless(std::uint16_t port, unsigned size) { return port - unsigned{kUartPort} < 8 && size == 1; }

    // The PM timer: it depends on the time alone, and needs no lock.
    static bool is_timer(std::uint16_t port, unsigned size) {
        return port == kAcpiPort + AcpiPm::kTimerOffset && size == AcpiPm::kTimerBytes;
    }

    // `size` is 1, 2 or 4.
    PortRead read(std::uint16_t port, unsigned size, std::uint64_t now) {
        const unsigned offset = port - unsigned{kUartPort};
        if (offset < 8 && size == 1) [[likely]] {
            const std::uint8_t value = uart_.read(static_cast<Uart16550::Register>(offset));
            drive(kUartLine, uart_.interrupt());
            return {value, true};
        }
        if (is_timer(port, size))
            return {AcpiPm::timer(now), true};
        return read_other(port, size, now);
    }
    // False: nobody is at that port.
    bool write(std::uint16_t port, unsigned size, std::uint32_t value, std::uint64_t now) {
        const unsigned offset = port - unsigned{kUartPort};
        if (offset < 8 && size == 1) [[likely]] {
            write_uart(offset, static_cast<std::uint8_t>(value));
            drive(kUartLine, uart_.interrupt());
            return true;
        }
        return write_other(port, size, value, now);
    }

    // 32-bit accesses at an offset in the IO-APIC's page.
    std::uint32_t read_ioapic(std::uint32_t offset) const { return ioapic_.read(offset); }
    void write_ioapic(std::uint32_t offset, std::uint32_t value, std::uint64_t now);
    // A LAPIC's EOI of a level-triggered vector.
    void eoi(std::uint8_t vector) {
        ioapic_.eoi(vector);
        attention_ = true;
    }

    // The first PIC's output, at LINT0 of the boot vCPU: the vector of an ExtINT comes from pic_acknowledge().
    bool pic_intr() const { return pic_.intr(); }
    std::uint8_t pic_acknowledge() {
        attention_ = true;
        return pic_.acknowledge();
    }

    // The console types. False: no room, try again when the guest has read.
    bool console_put(std::uint8_t byte);
    unsigned console_room() const { return uart_.room(); }
    void press_power_button();

    // When run() must be called, kNever if no device needs it. Whoever is not heard by any interrupt controller does
    // not.
    std::uint64_t deadline() const;
    void run(std::uint64_t now);

    // Something that the caller sees may have changed since the last call of this.
    bool take_attention() { return std::exchange(attention_, false); }
    bool has_message() const { return ioapic_.has_message(); }
    bool take_message(Ipi &message) { return ioapic_.take_message(message); }
    MaybeByte take_output() {
        const MaybeByte byte = output_;
        output_ = {};
        return byte;
    }
    Ending ending() const { return ending_; } // the first one, until reset()

  private:
    static constexpr unsigned pin_of(unsigned line) { return line == kTimerLine ? kTimerPin : line; }

    PortRead read_other(std::uint16_t port, unsigned size, std::uint64_t now);
    bool write_other(std::uint16_t port, unsigned size, std::uint32_t value, std::uint64_t now);
    std::uint8_t read_byte(PortDevice device, unsigned offset, std::uint64_t now);
    void write_byte(PortDevice device, unsigned offset, std::uint8_t value, std::uint64_t now);
    void write_uart(unsigned offset, std::uint8_t value) {
        if (const MaybeByte byte = uart_.write(static_cast<Uart16550::Register>(offset), value)) {
            output_ = byte;
            attention_ = true;
        }
    }
    void drive(unsigned line, bool asserted) {
        if ((lines_ >> line & 1) != unsigned{asserted}) [[unlikely]]
            toggle(line);
    }
    void toggle(unsigned line);
    void follow(std::uint64_t now);
    bool is_heard(unsigned line) const;
    void end(Ending ending) { ending_ = ending_ == Ending::None ? ending : ending_; }

    Uart16550 uart_;
    std::uint16_t lines_ = 0;
    bool attention_ = false;
    MaybeByte output_;
    Ending ending_ = Ending::None;
    PicPair pic_;
    Ioapic ioapic_;
    Pit8254 pit_;
    std::uint64_t next_tick_ = 0; // not earlier, by kShortestTick
    AcpiPm pm_;
    PciHost pci_;
    Rtc rtc_;
};
static_assert(sizeof(Board) < 2048);

} // namespace vmm::device
