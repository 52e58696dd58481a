// SPDX-License-Identifier: GPL-2.0-only
// The guarded IO-APIC. Hostile accesses never open a forbidden entry in the hardware, which in the end holds what the
// guest wrote; and no order of events leaves a device unserved (the simulation of the unit tests).
#include "tests/unit/apic/fake_ioapic.hpp"
#include "tests/unit/apic/level_simulation.hpp"
#include "vmm/apic/virtual_ioapic.hpp"

#include <cstdio>
#include <cstdlib>

namespace {

using namespace vmm;
using test::FakeHardware;
using test::FakeIoapic;

[[noreturn]] void fail(const char *what) {
    std::fprintf(stderr, "%s\n", what);
    std::abort();
}

class Input {
  public:
    Input(const std::uint8_t *data, std::size_t size) : data_(data), size_(size) {}
    bool empty() const { return size_ == 0; }
    std::uint8_t byte() {
        if (size_ == 0)
            return 0;
        size_--;
        return *data_++;
    }
    std::uint64_t word() {
        std::uint64_t value = 0;
        for (int n = 0; n < 8; n++)
            value = value << 8 | byte();
        return value;
    }

  private:
    const std::uint8_t *data_;
    std::size_t size_;
};

constexpr unsigned kPins = 5;

void step(Input &input, FakeIoapic &hardware, VirtualIoapic<FakeHardware> &guard) {
    const std::uint8_t operation = input.byte(), detail = input.byte();
    switch (operation % 8) {
    case 0:
        guard.write(ioapic::kSelectOffset, detail);
        break;
    case 1:
    case 2: // an entry's half, with every bit
        guard.write(ioapic::kSelectOffset, 0x10 + detail % (2 * kPins + 2));
        guard.write(ioapic::kWindowOffset, static_cast<std::uint32_t>(input.word()));
        break;
    case 3:
        guard.write(detail, static_cast<std::uint32_t>(input.word()));
        break;
    case 4:
        guard.read(detail);
        break;
    case 5:
        hardware.set_line(detail % kPins, detail & 0x80);
        break;
    case 6:
        if (operation & 0x80)
            guard.guest_eoi(detail);
        else
            guard.level_refused(detail);
        break;
    default:
        guard.level_arrived(detail);
        hardware.broadcast_eoi(detail);
        if (operation & 0x80)
            guard.retry_refused();
        break;
    }
    hardware.messages.clear();
    if (!hardware.violations.empty())
        fail("a forbidden entry reached the hardware");
}

bool is_open_ext_int(std::uint64_t entry) {
    return ioapic::Mode::get(entry) == DeliveryMode::ExtInt && !ioapic::Masked::get(entry) &&
           !ioapic::Remappable::get(entry);
}

void run_hostile(Input input) {
    FakeIoapic hardware(kPins, input.byte() & 1 ? 0x20 : 0x11);
    for (unsigned pin = 0; pin < kPins; pin++) {
        const std::uint64_t entry = input.word();
        hardware.preset(pin, entry);
        if (is_open_ext_int(entry))
            hardware.allow_ext_int(pin);
    }
    VirtualIoapic<FakeHardware> guard;
    if (!guard.capture(FakeHardware{&hardware}))
        fail("capture");
    while (!input.empty())
        step(input, hardware, guard);
    guard.release();
    constexpr std::uint64_t writable = std::uint64_t{kEntryHighWritable} << 32 | kEntryLowWritable;
    for (unsigned pin = 0; pin < kPins; pin++)
        if (((hardware.entry(pin) ^ guard.shadow().entry(pin)) & writable) != 0)
            fail("the hardware did not get back what the guest wrote");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
    if (size == 0)
        return 0;
    if (data[0] & 1) {
        run_hostile({data + 1, size - 1});
    } else {
        const std::string problem = vmm::test::simulate_levels({data + 1, size - 1});
        if (!problem.empty())
            fail(problem.c_str());
    }
    return 0;
}
