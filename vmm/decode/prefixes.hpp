// SPDX-License-Identifier: GPL-2.0-only
// Prefixes: the legacy prefixes and REX in front of an opcode (AMD APM vol. 3, 1.2; Intel SDM vol. 2, 2.1.1 and 2.2.1).
#pragma once

#include "vmm/decode/instruction.hpp"

#include <cstdint>

namespace vmm {

// One word, so that it stays in a register and "none" is one test.
class Prefixes {
  public:
    enum Bit : std::uint32_t {
        kOperandSize = 1 << 8,
        kAddressSize = 1 << 9,
        kLock = 1 << 10,
        kRep = 1 << 11,
        kRepne = 1 << 12,
    };

    constexpr bool none() const { return bits_ == 0; }
    constexpr bool legacy() const { return bits_ > kRexMask; }
    constexpr bool has(Bit bit) const { return bits_ & bit; }

    // 66, F2 and F3 choose among the instructions of many opcodes.
    constexpr bool mandatory() const { return bits_ & (kOperandSize | kRep | kRepne); }
    constexpr bool repeats() const { return bits_ & (kRep | kRepne); }

    constexpr bool has_rex() const { return bits_ & kRexMask; }
    constexpr bool rex_w() const { return bits_ & 8; }
    // What REX.R, .X and .B add to a register's number.
    constexpr unsigned rex_r() const { return (bits_ & 4) << 1; }
    constexpr unsigned rex_x() const { return (bits_ & 2) << 2; }
    constexpr unsigned rex_b() const { return (bits_ & 1) << 3; }
    constexpr void set_rex(std::uint8_t byte) { bits_ = (bits_ & ~kRexMask) | byte; }
    constexpr void add_rex_r() { bits_ |= 4; }

    constexpr bool has_segment() const { return bits_ >> kSegmentShift; }
    constexpr SegmentRegister segment() const { return static_cast<SegmentRegister>((bits_ >> kSegmentShift) - 1); }

    constexpr std::uint8_t operand_bytes(CodeSize code) const {
        if (rex_w())
            return 8;
        return has(kOperandSize) == (code == CodeSize::Bits16) ? 4 : 2;
    }

    constexpr std::uint8_t address_bytes(CodeSize code) const {
        if (code == CodeSize::Bits64)
            return has(kAddressSize) ? 4 : 8;
        return has(kAddressSize) == (code == CodeSize::Bits16) ? 4 : 2;
    }

    // These prefixes and one more that is not REX. A REX before it does not count.
    [[gnu::noinline]] constexpr Prefixes with(std::uint8_t byte, CodeSize code) const {
        const std::uint32_t bits = bits_ & ~kRexMask;
        switch (byte) {
        case 0x66:
            return Prefixes(bits | kOperandSize);
        case 0x67:
            return Prefixes(bits | kAddressSize);
        case 0xf0:
            return Prefixes(bits | kLock);
        case 0xf2:
            return Prefixes((bits & ~kRep) | kRepne); // the last of the two counts
        case 0xf3:
            return Prefixes((bits & ~kRepne) | kRep);
        case 0x64:
        case 0x65:
            return Prefixes(bits).with_segment(byte & 7); // FS 4, GS 5
        default: // 26, 2E, 36, 3E: ignored in 64-bit code, where they do not cancel FS or GS either
            return code == CodeSize::Bits64 ? Prefixes(bits) : Prefixes(bits).with_segment(byte >> 3 & 3);
        }
    }

    constexpr Prefixes() = default;

  private:
    static constexpr std::uint32_t kRexMask = 0xff; // the whole byte, so that 40 differs from none
    static constexpr unsigned kSegmentShift = 16;   // 0 for none, else the register's number and 1

    constexpr explicit Prefixes(std::uint32_t bits) : bits_(bits) {}
    constexpr Prefixes with_segment(std::uint32_t number) const {
        return Prefixes((bits_ & ((1u << kSegmentShift) - 1)) | (number + 1) << kSegmentShift);
    }

    std::uint32_t bits_ = 0;
};

} // namespace vmm
