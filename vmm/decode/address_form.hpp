// SPDX-License-Identifier: GPL-2.0-only
// The memory operand of ModRM, SIB and displacement (AMD APM vol. 3, 1.4 to 1.7; Intel SDM vol. 2, 2.1.5 and 2.2.1).
#pragma once

#include "vmm/base/result.hpp"
#include "vmm/decode/byte_cursor.hpp"
#include "vmm/decode/instruction.hpp"
#include "vmm/decode/prefixes.hpp"
#include "vmm/decode/width.hpp"

#include <array>
#include <cstdint>

namespace vmm {

// What ModRM says of an address in 16-bit form.
struct Address16 {
    std::uint8_t base;
    std::uint8_t index;
    std::uint8_t displacement_bytes;
};

[[gnu::noinline]] constexpr Address16 address16(std::uint8_t modrm) {
    constexpr std::uint8_t kNone = Instruction::kNoRegister, kBx = 3, kBp = 5, kSi = 6, kDi = 7;
    constexpr std::array<std::uint8_t, 8> kBase{kBx, kBx, kBp, kBp, kSi, kDi, kBp, kBx};
    constexpr std::array<std::uint8_t, 8> kIndex{kSi, kDi, kSi, kDi, kNone, kNone, kNone, kNone};
    const unsigned rm = modrm & 7;
    if (modrm < 0x40 && rm == 6)
        return {kNone, kNone, 2};
    // By luck of the encoding mod is the number of bytes.
    return {kBase[rm], kIndex[rm], static_cast<std::uint8_t>(modrm >> 6)};
}

[[gnu::always_inline]] constexpr Result<void> take_displacement(ByteCursor &cursor, unsigned bytes, Instruction &out) {
    if (bytes == 4)
        out.displacement = static_cast<std::int32_t>(TRY(cursor.take<std::uint32_t>()));
    else if (bytes == 1)
        out.displacement = static_cast<std::int64_t>(sign_extend(TRY(cursor.take<std::uint8_t>()), 1));
    else if (bytes == 2)
        out.displacement = static_cast<std::int16_t>(TRY(cursor.take<std::uint16_t>()));
    return {};
}

// Takes SIB and sets base, index and shift. Returns the number of bytes of displacement.
[[gnu::always_inline]] constexpr Result<unsigned> take_sib(ByteCursor &cursor, std::uint8_t modrm, Prefixes prefixes,
                                                           Instruction &out) {
    constexpr unsigned kSp = 4, kBp = 5;
    const bool has_sib = (modrm & 7) == kSp;
    unsigned base = modrm & 7;
    if (has_sib) {
        const std::uint8_t sib = TRY(cursor.take<std::uint8_t>());
        const unsigned index = (sib >> 3 & 7) | prefixes.rex_x();
        base = sib & 7;
        if (index != kSp) {
            out.index = static_cast<std::uint8_t>(index);
            out.shift = sib >> 6;
        }
    }
    if (base == kBp && modrm < 0x40) { // displacement without base, whatever REX.B says
        if (!has_sib && out.has(Instruction::kBits64))
            out.base = Instruction::kRip;
        return 4u;
    }
    base |= prefixes.rex_b();
    out.base = static_cast<std::uint8_t>(base);
    if (base == kSp || base == kBp)
        out.segment = SegmentRegister::Ss;
    return modrm >= 0x80 ? 4u : modrm >> 6;
}

// Reads what follows ModRM and sets base, index, shift, displacement and the default segment. Needs address_width and
// kBits64 in `out`.
[[gnu::always_inline]] constexpr Result<void> take_address(ByteCursor &cursor, std::uint8_t modrm, Prefixes prefixes,
                                                           Instruction &out) {
    unsigned bytes = 0;
    if (out.address_width == 2) [[unlikely]] {
        const Address16 form = address16(modrm);
        out.base = form.base;
        out.index = form.index;
        if (form.base == 5)
            out.segment = SegmentRegister::Ss;
        bytes = form.displacement_bytes;
    } else {
        bytes = TRY(take_sib(cursor, modrm, prefixes, out));
    }
    return take_displacement(cursor, bytes, out);
}

} // namespace vmm
