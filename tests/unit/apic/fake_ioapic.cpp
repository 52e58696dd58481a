// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/apic/fake_ioapic.hpp"

namespace vmm::test {

using namespace ioapic;

FakeIoapic::FakeIoapic(unsigned pins, std::uint8_t version)
    : version_(version), entries_(pins, Masked::make(true)), lines_(pins), latched_(pins), ext_int_allowed_(pins),
      remapped_(pins) {}

std::uint32_t FakeIoapic::read(std::uint8_t index) {
    accesses++;
    selected_ = index;
    if (index == kIdIndex)
        return id;
    if (index == kVersionIndex)
        return version_ | static_cast<std::uint32_t>(entries_.size() - 1) << 16;
    const unsigned pin = (index - kFirstEntryIndex) / 2;
    if (index < kFirstEntryIndex || pin >= entries_.size())
        return 0;
    return static_cast<std::uint32_t>(entries_[pin] >> (index % 2 * 32));
}

void FakeIoapic::write(std::uint8_t index, std::uint32_t value) {
    accesses++;
    selected_ = index;
    if (index == kIdIndex)
        id = value;
    const unsigned pin = (index - kFirstEntryIndex) / 2;
    if (index < kFirstEntryIndex || pin >= entries_.size())
        return;
    std::uint64_t &entry = entries_[pin];
    constexpr std::uint64_t status = Pending::mask | RemoteIrr::mask;
    if (index % 2 != 0)
        entry = (entry & 0xffffffff) | std::uint64_t{value} << 32;
    else
        entry = (entry & (~0xffffffffull | status)) | (value & ~status);
    if (!Level::get(entry))
        entry = RemoteIrr::set(entry, false);
    const DeliveryMode mode = Mode::get(entry);
    const bool is_legal = mode == DeliveryMode::Fixed || (mode == DeliveryMode::ExtInt && ext_int_allowed_[pin]) ||
                          (mode == DeliveryMode::LowestPriority && !Remappable::get(entry));
    if (!Masked::get(entry) && !is_legal)
        violations.push_back(entry);
    service(pin);
}

void FakeIoapic::set_line(unsigned pin, bool asserted) {
    if (asserted && !lines_[pin] && !Level::get(entries_[pin]) && !is_masked(pin))
        latched_[pin] = true; // an edge on a masked pin is lost
    lines_[pin] = asserted;
    service(pin);
}

void FakeIoapic::service(unsigned pin) {
    std::uint64_t &entry = entries_[pin];
    if (is_masked(pin))
        return;
    const bool is_level = Level::get(entry);
    if (is_level ? !lines_[pin] || remote_irr(pin) : !latched_[pin])
        return;
    latched_[pin] = false;
    if (is_level)
        entry = RemoteIrr::set(entry, true);
    Message message = remapped_[pin];
    if (!Remappable::get(entry))
        message = {pin, Vector::get(entry), Destination::get(entry), is_level};
    message.pin = pin;
    message.level = is_level;
    messages.push_back(message);
}

void FakeIoapic::clear_remote_irr(unsigned pin) {
    entries_[pin] = RemoteIrr::set(entries_[pin], false);
    service(pin);
}

void FakeIoapic::eoi(std::uint32_t value) {
    accesses++;
    if (version_ < kFirstVersionWithEoi) {
        violations.push_back(value); // there is no such register
        return;
    }
    for (unsigned pin = 0; pin < entries_.size(); pin++)
        if (remote_irr(pin) && Vector::get(entries_[pin]) == (value & 0xff))
            clear_remote_irr(pin);
}

// The remapping unit stands between: the entry's vector is not the one that is broadcast.
void FakeIoapic::broadcast_eoi(std::uint8_t vector) {
    for (unsigned pin = 0; pin < entries_.size(); pin++)
        if (remote_irr(pin) && !Remappable::get(entries_[pin]) && Vector::get(entries_[pin]) == vector)
            clear_remote_irr(pin);
}

} // namespace vmm::test
