// SPDX-License-Identifier: GPL-2.0-only
// The virtual PC's devices under any sequence of accesses, on two boards: one is run at each of its deadlines, the
// other only when it is accessed. A guest cannot tell them apart, and both keep what the header promises.
#include "vmm/apic/redirection_entry.hpp"
#include "vmm/device/board.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>

namespace {

using namespace vmm;
using namespace vmm::device;

void require(bool condition, const char *what) {
    if (condition)
        return;
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
    std::uint32_t word() {
        std::uint32_t value = 0;
        for (int n = 0; n < 4; n++)
            value = value << 8 | byte();
        return value;
    }

  private:
    const std::uint8_t *data_;
    std::size_t size_;
};

// Ports of all devices, and some where nobody is.
std::uint16_t port_of(std::uint8_t choice) {
    const PortRange &range = kPortRanges[choice % kPortRanges.size()];
    return static_cast<std::uint16_t>(range.first + choice / kPortRanges.size() % (range.last - range.first + 2u));
}

class Session {
  public:
    explicit Session(std::uint64_t epoch) {
        eager_.configure(epoch);
        lazy_.configure(epoch);
    }

    void step(Input &input) {
        const std::uint8_t operation = input.byte(), detail = input.byte();
        pass_time((operation >> 3) * 2u, detail);
        const unsigned size = 1u << detail % 3;
        switch (operation % 8) {
        case 0:
            read(port_of(input.byte()), size);
            break;
        case 1:
            write(port_of(input.byte()), size, input.word());
            break;
        case 2: // bytes, most of the time
            write(port_of(input.byte()), 1, detail);
            break;
        case 3:
            write_ioapic(ioapic::kSelectOffset, ioapic::kFirstEntryIndex + detail % 52u);
            write_ioapic(ioapic::kWindowOffset, input.word());
            break;
        case 4:
            write_ioapic(detail, input.word());
            break;
        case 5:
            end_interrupt(detail);
            break;
        case 6:
            acknowledge();
            break;
        default:
            touch(detail);
            break;
        }
        check();
    }

  private:
    void pass_time(unsigned scale, std::uint64_t amount) {
        const std::uint64_t next = now_ + (amount << (scale < 40 ? scale : 40));
        for (unsigned n = 0; n < 32 && eager_.deadline() <= next; n++) {
            const std::uint64_t deadline = eager_.deadline();
            require(deadline > now_ || n == 0, "the deadline does not move");
            eager_.run(deadline);
            require(eager_.deadline() > deadline, "a deadline that was kept comes again");
        }
        now_ = next;
    }

    void read(std::uint16_t port, unsigned size) {
        const PortRead one = eager_.read(port, size, now_), other = lazy_.read(port, size, now_);
        require(one.value == other.value && one.known == other.known, "reads differ");
        require(size == 4 || one.value >> 8 * size == 0, "a read is wider than its size");
        require(one.known == (port_range(port) && (port != kResetPort || size == 1) && (port != kPciPort || size == 4)),
                "a read of an unknown port");
    }

    void write(std::uint16_t port, unsigned size, std::uint32_t value) {
        const bool known = eager_.write(port, size, value, now_);
        require(known == lazy_.write(port, size, value, now_), "writes differ");
        const MaybeByte byte = eager_.take_output();
        require(byte == lazy_.take_output(), "outputs differ");
        require(!byte || port == kUartPort, "output without a write to the port");
    }

    void write_ioapic(std::uint32_t offset, std::uint32_t value) {
        eager_.write_ioapic(offset, value, now_);
        lazy_.write_ioapic(offset, value, now_);
        require(eager_.read_ioapic(offset) == lazy_.read_ioapic(offset), "IO-APICs differ");
    }

    void end_interrupt(std::uint8_t vector) {
        eager_.eoi(vector);
        lazy_.eoi(vector);
    }

    void acknowledge() {
        run();
        const bool requested = eager_.pic_intr();
        const std::uint8_t vector = eager_.pic_acknowledge();
        require(vector == lazy_.pic_acknowledge(), "acknowledges differ");
        require(requested || vector % 8 == 7, "a vector without a request");
    }

    void touch(std::uint8_t detail) {
        if (detail == 0) {
            eager_.reset();
            lazy_.reset();
        } else if (detail < 16) {
            eager_.press_power_button();
            lazy_.press_power_button();
        } else {
            const bool has_room = eager_.console_room() != 0;
            require(eager_.console_put(detail) == has_room && lazy_.console_put(detail) == has_room,
                    "no room for input");
        }
    }

    void run() {
        eager_.run(now_);
        lazy_.run(now_);
        require(eager_.deadline() > now_ && lazy_.deadline() > now_, "a deadline is not in the future");
    }

    void check() {
        run();
        require(eager_.pic_intr() == lazy_.pic_intr(), "PICs differ");
        require(eager_.ending() == lazy_.ending(), "endings differ");
        drain();
    }

    std::uint64_t entry(unsigned pin) {
        const std::uint32_t selected = eager_.read_ioapic(ioapic::kSelectOffset);
        std::uint64_t entry = 0;
        for (unsigned half : {1u, 0u}) {
            eager_.write_ioapic(ioapic::kSelectOffset, ioapic::kFirstEntryIndex + 2 * pin + half, now_);
            entry = entry << 32 | eager_.read_ioapic(ioapic::kWindowOffset);
        }
        eager_.write_ioapic(ioapic::kSelectOffset, selected, now_);
        return entry;
    }

    // Each message is of an open pin that was not in flight, and each such pin has one at most.
    void drain() {
        std::array<std::uint64_t, Ioapic::kPins> before{};
        if (eager_.has_message())
            for (unsigned pin = 0; pin < before.size(); pin++)
                before[pin] = entry(pin);
        Ipi one{}, other{};
        unsigned count = 0;
        for (; eager_.take_message(one); count++) {
            require(lazy_.take_message(other) && one == other, "messages differ");
            require(one.mode != DeliveryMode::Init && one.mode != DeliveryMode::Smi, "a mode that is refused");
            bool is_explained = false;
            for (std::uint64_t &candidate : before)
                if (!is_explained && explains(candidate, one)) {
                    is_explained = true;
                    candidate = ioapic::Masked::make(true); // not twice
                }
            require(is_explained, "a message that no pin may send");
        }
        require(!lazy_.take_message(other), "messages differ");
        require(!eager_.has_message() && count <= Ioapic::kPins, "messages without end");
    }

    static bool explains(std::uint64_t entry, const Ipi &message) {
        return !ioapic::Masked::get(entry) && !ioapic::RemoteIrr::get(entry) &&
               ioapic::Vector::get(entry) == message.vector && ioapic::Mode::get(entry) == message.mode &&
               ioapic::Logical::get(entry) == message.logical && (is_level(entry) || !message.level);
    }

    Board eager_, lazy_;
    std::uint64_t now_ = 0;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
    Input input(data, size);
    Session session(input.word());
    while (!input.empty())
        session.step(input);
    return 0;
}
