// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <algorithm>
#include <concepts>
#include <gtest/gtest.h>
#include <string>

#include "console/boot/boot_image.hpp"
#include "console/boot/layout.hpp"

namespace console::test {

// A VM's memory as it is before the first instruction: what the segments hold, and zeros.
class GuestMemory {
  public:
    explicit GuestMemory(const BootImage &image) : image_(image) {}

    std::byte at(std::uint64_t address) const {
        for (const Segment &segment : image_.segments)
            if (address >= segment.address && address - segment.address < segment.bytes.size())
                return segment.bytes[address - segment.address];
        return {};
    }
    template <std::unsigned_integral T> T get(std::uint64_t address) const {
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < sizeof(T); ++i)
            value |= std::to_integer<std::uint64_t>(at(address + i)) << 8 * i;
        return static_cast<T>(value);
    }
    std::uint8_t u8(std::uint64_t address) const { return get<std::uint8_t>(address); }
    std::uint16_t u16(std::uint64_t address) const { return get<std::uint16_t>(address); }
    std::uint32_t u32(std::uint64_t address) const { return get<std::uint32_t>(address); }
    std::uint64_t u64(std::uint64_t address) const { return get<std::uint64_t>(address); }
    std::string text(std::uint64_t address) const {
        std::string text;
        while (const auto letter = u8(address + text.size()))
            text += static_cast<char>(letter);
        return text;
    }
    std::string text(std::uint64_t address, std::size_t size) const {
        std::string text;
        for (std::size_t i = 0; i < size; ++i)
            text += static_cast<char>(u8(address + i));
        return text;
    }
    Bytes bytes(std::uint64_t address, std::size_t size) const {
        Bytes bytes(size);
        for (std::size_t i = 0; i < size; ++i)
            bytes[i] = at(address + i);
        return bytes;
    }
    unsigned sum(std::uint64_t address, std::size_t size) const {
        unsigned sum = 0;
        for (std::size_t i = 0; i < size; ++i)
            sum += u8(address + i);
        return sum & 0xff;
    }

  private:
    const BootImage &image_;
};

// What holds of every image: sorted segments in RAM, none empty, none over another.
inline void expect_sound(const BootImage &image, std::uint64_t memory) {
    std::uint64_t end = 0;
    for (const Segment &segment : image.segments) {
        EXPECT_FALSE(segment.bytes.empty());
        EXPECT_GE(segment.address, end) << "at " << std::hex << segment.address;
        end = segment.address + segment.bytes.size();
    }
    EXPECT_LE(end, layout::low_ram_end(memory));
    const auto holds_entry = [&](const Segment &segment) {
        return image.entry.rip >= segment.address && image.entry.rip - segment.address < segment.bytes.size();
    };
    EXPECT_TRUE(std::ranges::any_of(image.segments, holds_entry));
}

// The state that all protocols enter with, and a descriptor table that says the same as the segment registers.
inline void expect_flat(const BootImage &image) {
    const VcpuState &entry = image.entry;
    const GuestMemory memory(image);
    EXPECT_EQ(entry.cr0, 0x11u);
    EXPECT_EQ(entry.cr3 | entry.cr4 | entry.efer, 0u);
    EXPECT_EQ(entry.rflags, 2u);
    EXPECT_EQ(entry.cs.selector, 0x10);
    EXPECT_EQ(entry.cs.attributes, 0xc9b);
    for (const SegmentRegister *data : {&entry.ds, &entry.es, &entry.ss, &entry.fs, &entry.gs}) {
        EXPECT_EQ(data->selector, 0x18);
        EXPECT_EQ(data->attributes, 0xc93);
        EXPECT_EQ(data->limit, 0xffffffffu);
        EXPECT_EQ(data->base, 0u);
    }
    ASSERT_EQ(entry.gdtr.limit, 31u);
    EXPECT_EQ(memory.u64(entry.gdtr.base + 0x10), 0x00cf9b000000ffffu);
    EXPECT_EQ(memory.u64(entry.gdtr.base + 0x18), 0x00cf93000000ffffu);
}

} // namespace console::test
