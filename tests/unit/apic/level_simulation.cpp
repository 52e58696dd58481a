// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/apic/level_simulation.hpp"

#include "tests/unit/apic/fake_ioapic.hpp"
#include "vmm/apic/virtual_ioapic.hpp"
#include "vmm/apic/virtual_lapic.hpp"

#include <array>
#include <vector>

namespace vmm::test {
namespace {

using namespace ioapic;

constexpr unsigned kCpus = 2;
constexpr unsigned kPins = 6;
constexpr unsigned kVectors = 8; // fewer than pins times CPUs: some share
constexpr std::uint8_t kFirstVector = 0x31;
constexpr int kStormLimit = 5000;

struct Route {
    std::uint8_t cpu = 0;
    std::uint8_t vector = 0;
};

class Machine {
  public:
    explicit Machine(std::uint8_t choice);
    void step(std::uint8_t operation, std::uint8_t detail);
    std::string finish();

  private:
    // Hardware and VMM
    bool take_message(unsigned cpu);
    void perform(LapicEffect effect);
    // The kernel
    void window_write(unsigned index, std::uint32_t value);
    std::uint64_t read_entry(unsigned pin);
    void write_entry(unsigned pin, std::uint64_t entry);
    void set_masked(unsigned pin, bool masked);
    void end_at_ioapic(unsigned pin);
    void route(unsigned pin, Route to);
    void move_masked(unsigned pin, Route to);
    bool enter_handler(unsigned cpu);
    bool leave_handler(unsigned cpu);
    void finish_move(unsigned pin);
    void go_offline();
    void come_online();

    bool has_eoi_register_;
    unsigned remappable_; // a bit for each pin
    FakeIoapic hardware_;
    VirtualIoapic<FakeHardware> guard_;
    std::array<VirtualLapic, kCpus> lapics_;
    std::array<std::vector<std::uint8_t>, kCpus> handlers_;
    std::array<Route, kPins> routes_;
    std::array<Route, kPins> wanted_; // moves that wait for the next interrupt; vector 0: none
    // Vectors keep their meaning after a move, as late arrivals must find somebody.
    bool owners_[kCpus][256][kPins] = {};
    bool is_online_ = true; // CPU 1
};

Machine::Machine(std::uint8_t choice)
    : has_eoi_register_(choice & 1), remappable_(choice & 2 ? 0x2a : 0),
      hardware_(kPins, has_eoi_register_ ? 0x20 : 0x11) {
    (void)guard_.capture(FakeHardware{&hardware_});
    for (unsigned cpu = 0; cpu < kCpus; cpu++) {
        LapicConfig config;
        config.apic_id = cpu;
        config.version = 0x00050014;
        config.tsc_khz = config.timer_khz = 1000000;
        (void)lapics_[cpu].configure(config);
        lapics_[cpu].write(LapicRegister::SpuriousVector, 0x1ff, 0);
    }
    for (unsigned pin = 0; pin < kPins; pin++)
        route(pin, {static_cast<std::uint8_t>(pin % kCpus), static_cast<std::uint8_t>(kFirstVector + pin * 16)});
}

// The oldest message for this CPU. Others with its vector are one bit in the IRR with it.
bool Machine::take_message(unsigned cpu) {
    std::uint8_t vector = 0;
    std::erase_if(hardware_.messages, [&](const FakeIoapic::Message &message) {
        if (message.cpu != cpu || (vector != 0 && message.vector != vector))
            return false;
        vector = message.vector;
        return true;
    });
    if (vector == 0)
        return false;
    guard_.level_arrived(vector);
    hardware_.broadcast_eoi(vector);
    if (!lapics_[cpu].accept(vector, true))
        guard_.level_refused(vector);
    return true;
}

void Machine::perform(LapicEffect effect) {
    if (effect.kind == LapicEffect::Kind::EoiBroadcast)
        guard_.guest_eoi(effect.vector);
}

void Machine::window_write(unsigned index, std::uint32_t value) {
    guard_.write(kSelectOffset, index);
    guard_.write(kWindowOffset, value);
}

std::uint64_t Machine::read_entry(unsigned pin) {
    guard_.write(kSelectOffset, 0x10 + 2 * pin);
    const std::uint64_t low = guard_.read(kWindowOffset);
    guard_.write(kSelectOffset, 0x11 + 2 * pin);
    return std::uint64_t{guard_.read(kWindowOffset)} << 32 | low;
}

void Machine::write_entry(unsigned pin, std::uint64_t entry) {
    window_write(0x11 + 2 * pin, static_cast<std::uint32_t>(entry >> 32));
    window_write(0x10 + 2 * pin, static_cast<std::uint32_t>(entry));
}

void Machine::set_masked(unsigned pin, bool masked) {
    window_write(0x10 + 2 * pin, static_cast<std::uint32_t>(Masked::set(read_entry(pin), masked)));
}

void Machine::end_at_ioapic(unsigned pin) {
    const std::uint64_t entry = read_entry(pin);
    if (has_eoi_register_)
        return guard_.write(kEoiOffset, Vector::get(entry));
    write_entry(pin, Level::set(Masked::set(entry, true), false));
    write_entry(pin, entry);
}

// In the remappable format only the remapping table changes.
void Machine::route(unsigned pin, Route to) {
    const bool is_remappable = remappable_ >> pin & 1;
    const bool is_masked = routes_[pin].vector != 0 && Masked::get(read_entry(pin));
    const bool is_first = routes_[pin].vector == 0;
    routes_[pin] = to;
    owners_[to.cpu][to.vector][pin] = true;
    std::uint64_t entry = Level::mask | Masked::make(is_masked);
    if (is_remappable) {
        hardware_.remap(pin, to.vector, to.cpu);
        entry |= Remappable::mask | RemapIndexLow::make(static_cast<std::uint16_t>(pin)) |
                 Vector::make(static_cast<std::uint8_t>(pin));
    } else {
        entry |= Vector::make(to.vector) | Destination::make(to.cpu);
    }
    if (is_first || !is_remappable)
        write_entry(pin, entry);
}

void Machine::move_masked(unsigned pin, Route to) {
    const bool was_masked = Masked::get(read_entry(pin));
    set_masked(pin, true);
    route(pin, to);
    set_masked(pin, was_masked);
}

bool Machine::enter_handler(unsigned cpu) {
    const MaybeVector vector = lapics_[cpu].deliverable();
    if (!vector)
        return false;
    lapics_[cpu].acknowledge(*vector);
    handlers_[cpu].push_back(*vector);
    for (unsigned pin = 0; pin < kPins; pin++)
        if (owners_[cpu][*vector][pin])
            hardware_.set_line(pin, false); // the driver serves its device
    return true;
}

bool Machine::leave_handler(unsigned cpu) {
    if (handlers_[cpu].empty())
        return false;
    const std::uint8_t vector = handlers_[cpu].back();
    handlers_[cpu].pop_back();
    const auto trigger = lapics_[cpu].read(lapic_register_plus(LapicRegister::Tmr0, vector / 32u), 0).value;
    const bool was_level = trigger >> (vector % 32u) & 1;
    perform(lapics_[cpu].write(LapicRegister::Eoi, 0, 0));
    for (unsigned pin = 0; pin < kPins; pin++) {
        if (!owners_[cpu][vector][pin])
            continue;
        if (!was_level || (remappable_ >> pin & 1))
            end_at_ioapic(pin);
        finish_move(pin);
    }
    return true;
}

void Machine::finish_move(unsigned pin) {
    if (wanted_[pin].vector == 0)
        return;
    set_masked(pin, true);
    if (!RemoteIrr::get(read_entry(pin))) {
        route(pin, wanted_[pin]);
        wanted_[pin] = {};
    }
    set_masked(pin, false);
}

// CPU 1 gives its interrupts away, raises again what it has not handled, and is reset.
void Machine::go_offline() {
    if (!is_online_ || !handlers_[1].empty())
        return;
    is_online_ = false;
    for (unsigned pin = 0; pin < kPins; pin++) {
        wanted_[pin] = {};
        if (routes_[pin].cpu == 1)
            move_masked(pin, {0, routes_[pin].vector});
    }
    for (unsigned vector = 16; vector < 256; vector++)
        if (lapics_[1].requested().test(static_cast<std::uint8_t>(vector)))
            for (unsigned pin = 0; pin < kPins; pin++)
                if (owners_[1][vector][pin])
                    lapics_[0].accept(routes_[pin].vector, false);
    const VectorSet dying = lapics_[1].level_pending();
    for (unsigned vector = 16; vector < 256; vector++)
        if (dying.test(static_cast<std::uint8_t>(vector)))
            guard_.level_refused(static_cast<std::uint8_t>(vector));
    lapics_[1].reset_init();
}

void Machine::come_online() {
    if (is_online_)
        return;
    is_online_ = true;
    lapics_[1].write(LapicRegister::SpuriousVector, 0x1ff, 0);
    guard_.retry_refused();
}

void Machine::step(std::uint8_t operation, std::uint8_t detail) {
    const unsigned pin = detail % kPins, cpu = detail / 8 % kCpus;
    const Route to{static_cast<std::uint8_t>(is_online_ ? detail / 16 % kCpus : 0),
                   static_cast<std::uint8_t>(kFirstVector + detail / 32 % kVectors * 16)};
    switch (operation % 16) {
    case 0:
    case 1:
    case 2:
        return hardware_.set_line(pin, true);
    case 3:
    case 4:
    case 5:
        return void(take_message(cpu));
    case 6:
    case 7:
        return void(enter_handler(cpu));
    case 8:
    case 9:
        return void(leave_handler(cpu));
    case 10:
        wanted_[pin] = to;
        return;
    case 11:
        return move_masked(pin, to);
    case 12:
        return route(pin, to);
    case 13:
        return set_masked(pin, detail & 0x80);
    case 14:
        return end_at_ioapic(pin); // for no reason
    default:
        return detail & 0x80 ? go_offline() : come_online();
    }
}

std::string Machine::finish() {
    for (unsigned pin = 0; pin < kPins; pin++)
        set_masked(pin, false);
    come_online();
    bool is_busy = true;
    for (int turn = 0; is_busy; turn++) {
        if (turn == kStormLimit)
            return "a storm";
        is_busy = false;
        for (unsigned cpu = 0; cpu < kCpus; cpu++) {
            is_busy |= take_message(cpu);
            is_busy |= enter_handler(cpu);
            is_busy |= leave_handler(cpu);
        }
    }
    if (!hardware_.violations.empty())
        return "a forbidden access to the hardware";
    for (unsigned pin = 0; pin < kPins; pin++) {
        const std::string name = "pin " + std::to_string(pin);
        if (hardware_.line(pin))
            return name + " was never served";
        if (guard_.shadow().is_held(pin) || hardware_.is_masked(pin))
            return name + " stays masked";
        if (hardware_.remote_irr(pin))
            return name + " keeps its Remote IRR";
        hardware_.set_line(pin, true);
        if (hardware_.messages.empty())
            return name + " is deaf";
        hardware_.messages.clear();
    }
    return "";
}

} // namespace

std::string simulate_levels(std::span<const std::uint8_t> bytes) {
    if (bytes.empty())
        return "";
    Machine machine(bytes[0]);
    for (std::size_t n = 1; n + 1 < bytes.size(); n += 2)
        machine.step(bytes[n], bytes[n + 1]);
    return machine.finish();
}

} // namespace vmm::test
