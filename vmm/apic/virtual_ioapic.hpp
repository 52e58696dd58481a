// SPDX-License-Identifier: GPL-2.0-only
// VirtualIoapic: the guarded way to a physical IO-APIC. The guest's accesses are trapped and come here; what may reach
// the hardware reaches it from here.
//
// Locking: one lock for each IO-APIC, held by the caller around every member. Level-triggered interrupts can be in
// flight on several LAPICs at once; that is why.
//
// A physical interrupt with its TMR bit set goes, under the lock:  level_arrived(vector), then the EOI to the physical
// LAPIC. (Masked first, or the still asserted line would interrupt again at once; both under one lock, or another CPU
// could change the entry's vector in between and the EOI would miss it.) Then VirtualLapic::accept(vector, true); if
// that says no, level_refused(vector). The guest's EoiBroadcast goes to guest_eoi(vector).
#pragma once

#include "vmm/apic/ioapic_shadow.hpp"
#include "vmm/base/result.hpp"

#include <concepts>
#include <cstdint>

namespace vmm {

// read() and write() go through IOREGSEL and IOWIN, eoi() to the EOI register.
template <class H>
concept IoapicHardware = requires(H hardware, std::uint8_t index, std::uint32_t value) {
    { hardware.read(index) } -> std::same_as<std::uint32_t>;
    hardware.write(index, value);
    hardware.eoi(value);
};

template <IoapicHardware Hardware> class VirtualIoapic {
  public:
    // Reads the table at launch and masks what may not stay open (NMI, SMI, INIT, reserved modes).
    // Errc::Unsupported: more pins than the index register can address, or an absent device (all ones).
    Result<void> capture(const Hardware &hardware);

    // `offset` in the IO-APIC's page, 32-bit accesses.
    std::uint32_t read(std::uint32_t offset);
    void write(std::uint32_t offset, std::uint32_t value);

    // A level-triggered interrupt with this vector reached a physical LAPIC. Masks the pins behind it and returns
    // their number. With several IO-APICs call each.
    unsigned level_arrived(std::uint8_t vector);
    // No EOI will come: the LAPIC did not take the vector, or lost it in a reset. The pins may interrupt again, in case
    // that the guest has sent them elsewhere meanwhile. If that goes on they stay masked (a disabled LAPIC must not
    // cause a storm) until the guest writes their entry or an EOI for them, or until retry_refused().
    void level_refused(std::uint8_t vector);
    // A guest LAPIC was enabled: refused pins may interrupt again.
    void retry_refused();
    void guest_eoi(std::uint8_t vector);

    // As after power-up: every pin is masked, and nothing is in flight.
    void reset();

    // Leaving: the hardware gets what the guest wrote, and its last selected index.
    void release();

    unsigned pins() const { return shadow_.pins(); }
    const IoapicShadow &shadow() const { return shadow_; }
    Hardware &hardware() { return hardware_; }

  private:
    static constexpr std::uint8_t low_index(unsigned pin) {
        return static_cast<std::uint8_t>(ioapic::kFirstEntryIndex + 2 * pin);
    }
    bool has_eoi_register() const { return ioapic::VersionNumber::get(version_) >= ioapic::kFirstVersionWithEoi; }

    std::uint32_t read_window();
    void write_window(std::uint32_t value);
    void write_entry(unsigned pin, bool high, std::uint32_t value);
    void write_eoi(std::uint8_t vector);
    void put_low(unsigned pin) { hardware_.write(low_index(pin), static_cast<std::uint32_t>(shadow_.hardware(pin))); }
    void put_high(unsigned pin) {
        hardware_.write(low_index(pin) + 1, static_cast<std::uint32_t>(shadow_.hardware(pin) >> 32));
    }
    bool has_remote_irr(unsigned pin) { return ioapic::RemoteIrr::get(hardware_.read(low_index(pin))); }
    void let_go_companions(std::uint8_t vector);
    void note_new_vector(unsigned pin, std::uint8_t vector);
    void clear_remote_irr(unsigned pin);
    void let_go(unsigned pin);

    Hardware hardware_{};
    IoapicShadow shadow_;
    std::uint32_t version_ = 0;
    std::uint8_t selected_ = 0;
};

} // namespace vmm

#include "vmm/apic/virtual_ioapic_members.hpp" // IWYU pragma: export
