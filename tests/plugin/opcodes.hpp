// SPDX-License-Identifier: GPL-2.0-only
// Instructions that cost far more on silicon than the one instruction that an emulator counts them as: they serialise,
// switch worlds, or run long microcode. Prefixes before the opcode are skipped.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace plugin {

enum class Kind : std::uint8_t { Ordinary, Costly, Bulk, Vmrun, Mark };

struct Opcode {
    Kind kind = Kind::Ordinary;
    std::uint32_t mark = 0;
};

// 0F 01 with these modrm bytes: VMRUN VMMCALL VMLOAD VMSAVE STGI CLGI INVLPGA, XSETBV, SWAPGS is cheap.
constexpr bool is_costly_0f01(std::uint8_t modrm) {
    const bool memory = modrm < 0xc0;
    const unsigned operation = modrm >> 3 & 7;
    if (memory)
        return operation == 2 || operation == 3 || operation == 7; // LGDT LIDT INVLPG
    return (modrm >= 0xd8 && modrm <= 0xdf) || modrm == 0xd1 || operation == 6;
}

constexpr bool is_costly_0f(std::uint8_t second, std::uint8_t modrm) {
    switch (second) {
    case 0x00: // LLDT LTR
        return (modrm >> 3 & 7) == 2 || (modrm >> 3 & 7) == 3;
    case 0x01:
        return is_costly_0f01(modrm);
    case 0x06: // CLTS
    case 0x08: // INVD
    case 0x09: // WBINVD
    case 0x20: // MOV from and to CRn, DRn
    case 0x21:
    case 0x22:
    case 0x23:
    case 0x30: // WRMSR
    case 0x32: // RDMSR
    case 0xa2: // CPUID
        return true;
    case 0xae: // FXSAVE FXRSTOR XSAVE XRSTOR XSAVEOPT; the fences are not microcode, but LFENCE and MFENCE serialise
        return modrm < 0xc0 ? (modrm >> 3 & 7) != 7 && (modrm >> 3 & 7) != 2 && (modrm >> 3 & 7) != 3 : modrm < 0xf8;
    case 0xc7: // XSAVEC XSAVES XRSTORS
        return modrm < 0xc0 && (modrm >> 3 & 7) >= 3 && (modrm >> 3 & 7) <= 5;
    default:
        return false;
    }
}

constexpr bool is_prefix(std::uint8_t byte) {
    return byte == 0x66 || byte == 0x67 || byte == 0xf2 || byte == 0xf3 || byte == 0x2e || byte == 0x36 ||
           byte == 0x3e || byte == 0x26 || byte == 0x64 || byte == 0x65 || (byte & 0xf0) == 0x40;
}

// MOVS and STOS, which are counted once for each element when a prefix repeats them.
constexpr bool moves_or_fills(std::uint8_t opcode) {
    return opcode == 0xa4 || opcode == 0xa5 || opcode == 0xaa || opcode == 0xab;
}

constexpr bool is_costly_one_byte(std::uint8_t opcode) {
    switch (opcode) {
    case 0xe4: // IN and OUT
    case 0xe5:
    case 0xe6:
    case 0xe7:
    case 0xec:
    case 0xed:
    case 0xee:
    case 0xef:
    case 0xcf: // IRET
    case 0xf4: // HLT
    case 0xcc: // INT3, INT
    case 0xcd:
        return true;
    default:
        return false;
    }
}

constexpr Opcode classify(std::span<const std::uint8_t> bytes, std::uint32_t mark_base) {
    if (bytes.size() == 7 && bytes[0] == 0x0f && bytes[1] == 0x1f && bytes[2] == 0x80) {
        const std::uint32_t mark = bytes[3] | bytes[4] << 8 | bytes[5] << 16 | std::uint32_t{bytes[6]} << 24;
        if ((mark & 0xffff0000) == mark_base)
            return {Kind::Mark, mark & 0xffff};
    }
    std::size_t at = 0;
    bool repeats = false;
    for (; at < bytes.size() && is_prefix(bytes[at]); ++at)
        repeats |= bytes[at] == 0xf2 || bytes[at] == 0xf3;
    const auto byte = [&](std::size_t i) { return at + i < bytes.size() ? bytes[at + i] : std::uint8_t{0}; };
    if (repeats && moves_or_fills(byte(0)))
        return {Kind::Bulk};
    if (byte(0) != 0x0f)
        return {is_costly_one_byte(byte(0)) ? Kind::Costly : Kind::Ordinary};
    if (byte(1) == 0x01 && byte(2) == 0xd8)
        return {Kind::Vmrun};
    return {is_costly_0f(byte(1), byte(2)) ? Kind::Costly : Kind::Ordinary};
}

// Each row is a promise of the table above.
constexpr bool is(Kind kind, std::initializer_list<std::uint8_t> bytes) {
    std::array<std::uint8_t, 15> copy{};
    std::size_t count = 0;
    for (std::uint8_t byte : bytes)
        copy[count++] = byte;
    return classify(std::span(copy.data(), count), 0x564d0000).kind == kind;
}
static_assert(is(Kind::Vmrun, {0x0f, 0x01, 0xd8}));
static_assert(is(Kind::Costly, {0x0f, 0x01, 0xda}) && is(Kind::Costly, {0x0f, 0x01, 0xdc})); // VMLOAD STGI
static_assert(is(Kind::Costly, {0x0f, 0x30}) && is(Kind::Costly, {0x0f, 0xa2}) && is(Kind::Costly, {0x48, 0xcf}));
static_assert(is(Kind::Bulk, {0xf3, 0x48, 0xab}) && is(Kind::Ordinary, {0xab}) && is(Kind::Ordinary, {0xf3, 0x90}));
static_assert(is(Kind::Costly, {0x0f, 0x01, 0x10}) && is(Kind::Ordinary, {0x0f, 0x01, 0x00})); // LGDT, SGDT
static_assert(is(Kind::Ordinary, {0x0f, 0x31}) && is(Kind::Ordinary, {0x48, 0x89, 0xc8}) && is(Kind::Ordinary, {0x90}));
static_assert(is(Kind::Costly, {0x0f, 0x22, 0xd8}) && is(Kind::Costly, {0xee}) && is(Kind::Ordinary, {0xc3}));
static_assert(is(Kind::Mark, {0x0f, 0x1f, 0x80, 1, 0, 0x4d, 0x56}) &&
              is(Kind::Ordinary, {0x0f, 0x1f, 0x80, 1, 0, 0, 0}));
static_assert(is(Kind::Costly, {0x0f, 0xae, 0xe8}) && is(Kind::Ordinary, {0x0f, 0xae, 0xf8})); // LFENCE, SFENCE

} // namespace plugin
