// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "vmm/device/board.hpp"

#include <gtest/gtest.h>
#include <vector>

namespace vmm::device::test {

inline constexpr std::uint64_t kMillisecond = 1'000'000, kSecond = 1'000'000'000, kHour = 3600 * kSecond;

class BoardTest : public testing::Test {
  protected:
    BoardTest() { board.configure(1'700'000'000); }

    unsigned in(unsigned port, std::uint64_t now = 0) {
        return board.read(static_cast<std::uint16_t>(port), 1, now).value;
    }
    void out(unsigned port, unsigned value, std::uint64_t now = 0) {
        board.write(static_cast<std::uint16_t>(port), 1, value, now);
    }
    // As Linux does, with all lines masked.
    void initialize_pics() {
        for (unsigned port : {0x20u, 0xa0u}) {
            out(port, 0x11);
            out(port + 1, port == 0x20 ? 0x30 : 0x38);
            out(port + 1, port == 0x20 ? 0x04 : 0x02);
            out(port + 1, 0x01);
            out(port + 1, 0xff);
        }
    }
    void set_pit(unsigned mode, unsigned count, std::uint64_t now) {
        out(0x43, 0x30 | mode << 1, now);
        out(0x40, count & 0xff, now);
        out(0x40, count >> 8, now);
    }
    void set_entry(unsigned pin, std::uint64_t entry, std::uint64_t now = 0) {
        const unsigned low = ioapic::kFirstEntryIndex + 2 * pin;
        board.write_ioapic(ioapic::kSelectOffset, low + 1, now);
        board.write_ioapic(ioapic::kWindowOffset, static_cast<std::uint32_t>(entry >> 32), now);
        board.write_ioapic(ioapic::kSelectOffset, low, now);
        board.write_ioapic(ioapic::kWindowOffset, static_cast<std::uint32_t>(entry), now);
    }
    std::vector<unsigned> messages() {
        std::vector<unsigned> vectors;
        Ipi message{};
        while (board.take_message(message))
            vectors.push_back(message.vector);
        return vectors;
    }

    Board board;
};

using Vectors = std::vector<unsigned>;

} // namespace vmm::device::test
