// SPDX-License-Identifier: GPL-2.0-only
// VEX, XOP and EVEX instructions, of which the VMM needs the length alone (AMD APM vol. 3, 1.8 and vol. 6, 1.1; Intel
// SDM vol. 2, 2.3 and 2.7).
#pragma once

#include "vmm/base/result.hpp"
#include "vmm/decode/address_form.hpp"
#include "vmm/decode/byte_cursor.hpp"
#include "vmm/decode/instruction.hpp"
#include "vmm/decode/prefixes.hpp"

#include <cstdint>
#include <span>

namespace vmm {

// Whether `first`, one of 62, 8F, C4 and C5, begins such an instruction, or BOUND, POP, LES or LDS.
[[gnu::always_inline]] constexpr Result<bool> is_vector(const ByteCursor &cursor, std::uint8_t first, CodeSize code) {
    if (first != 0x8f && code == CodeSize::Bits64)
        return true;
    const std::uint8_t next = TRY(cursor.peek());
    return first == 0x8f ? (next & 0x1f) >= 8 : next >= 0xc0;
}

// The opcode map out of the bytes between `first` and the opcode. C5 implies map 1.
constexpr Result<unsigned> take_vector_map(ByteCursor &cursor, std::uint8_t first) {
    const std::uint8_t payload = TRY(cursor.take<std::uint8_t>());
    if (first == 0xc5)
        return 1u;
    const std::uint8_t second = TRY(cursor.take<std::uint8_t>());
    if (first != 0x62) {
        const unsigned map = payload & 0x1f;
        const bool known = first == 0x8f ? map <= 10 : (map >= 1 && map <= 3) || map == 7;
        return known ? Result<unsigned>(map) : Errc::Invalid;
    }
    TRY(cursor.skip(1));
    const unsigned map = payload & 0x0f; // bit 3 must be 0
    const bool known = map >= 1 && map <= 6 && map != 4 && (second & 4);
    return known ? Result<unsigned>(map) : Errc::Invalid;
}

constexpr unsigned vector_immediate_bytes(unsigned map, std::uint8_t opcode) {
    if (map == 3 || map == 8)
        return 1;
    if (map == 10 || map == 7)
        return 4;
    const bool shuffle_or_shift = opcode >= 0x70 && opcode <= 0x73;
    const bool compare_or_insert = opcode == 0xc2 || (opcode >= 0xc4 && opcode <= 0xc6);
    return map == 1 && (shuffle_or_shift || compare_or_insert) ? 1 : 0;
}

// The length of the instruction whose first byte was the last one consumed. Takes the cursor in pieces, which stay in
// registers.
[[gnu::noinline]] constexpr Result<std::uint8_t>
vector_length(std::span<const std::uint8_t> bytes, std::uint8_t consumed, Prefixes prefixes, Instruction scratch) {
    ByteCursor cursor(bytes, consumed);
    const std::uint8_t first = bytes[consumed - 1u];
    if (prefixes.has_rex() || prefixes.has(Prefixes::kLock) || prefixes.mandatory())
        return Errc::Invalid;
    const unsigned map = TRY(take_vector_map(cursor, first));
    const std::uint8_t opcode = TRY(cursor.take<std::uint8_t>());
    if (map == 1 && opcode == 0x77 && first != 0x62) // VZEROUPPER, VZEROALL
        return cursor.consumed();
    const std::uint8_t modrm = TRY(cursor.take<std::uint8_t>());
    if (modrm < 0xc0)
        TRY(take_address(cursor, modrm, prefixes, scratch));
    TRY(cursor.skip(vector_immediate_bytes(map, opcode)));
    return cursor.consumed();
}

} // namespace vmm
