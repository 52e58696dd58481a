// SPDX-License-Identifier: GPL-2.0-only
#include "zydis_oracle.hpp"

#include "vmm/decode/decode.hpp"
#include "zydis_operands.hpp"

#include <Zydis/Zydis.h>

#include <algorithm>

namespace vmm::test {
namespace {

const ZydisDecoder &decoder(CodeSize code) {
    static const auto kDecoders = [] {
        std::array<ZydisDecoder, 3> decoders{};
        ZydisDecoderInit(&decoders[0], ZYDIS_MACHINE_MODE_LEGACY_16, ZYDIS_STACK_WIDTH_16);
        ZydisDecoderInit(&decoders[1], ZYDIS_MACHINE_MODE_LEGACY_32, ZYDIS_STACK_WIDTH_32);
        ZydisDecoderInit(&decoders[2], ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
        return decoders;
    }();
    return kDecoders[static_cast<unsigned>(code)];
}

// The opcode behind the prefixes, one more byte after 0F, and the byte after that.
struct Opcode {
    bool two_byte = false;
    std::uint8_t value = 0;
    std::uint8_t modrm = 0;
};

Opcode find_opcode(std::span<const std::uint8_t> bytes, CodeSize code) {
    constexpr std::array<std::uint8_t, 11> kPrefixes{0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3};
    const auto at = [&](std::size_t i) { return i < bytes.size() ? bytes[i] : std::uint8_t{0}; };
    std::size_t i = 0;
    while (i < bytes.size() &&
           (std::ranges::count(kPrefixes, bytes[i]) != 0 || (code == CodeSize::Bits64 && (bytes[i] & 0xf0) == 0x40)))
        ++i;
    const bool two_byte = at(i) == 0x0f;
    i += two_byte;
    return {.two_byte = two_byte, .value = at(i), .modrm = at(i + 1)};
}

bool between(unsigned value, unsigned first, unsigned last) {
    return value >= first && value <= last;
}

// Undefined encodings that we accept for their length, because the format of their map is known. All of them are
// Operation::Other. A guest cannot exit on them: the CPU raises #UD first.
const char *undefined_but_measured(const Opcode &opcode) {
    const unsigned value = opcode.value;
    if (!opcode.two_byte) {
        if (value == 0x62 || value == 0x8f || value == 0xc4 || value == 0xc5)
            return "undefined opcode or field of VEX, EVEX, XOP";
        return between(value, 0xd8, 0xdf) ? "reserved x87 encoding" : nullptr;
    }
    if (value == 0x38 || value == 0x3a)
        return "undefined in the maps of 0F 38 and 0F 3A";
    if (value == 0x0f)
        return "undefined 3DNow! suffix";
    if (between(value, 0x10, 0x17) || between(value, 0x28, 0x2f) || between(value, 0x50, 0x7f) ||
        between(value, 0xc4, 0xc6) || between(value, 0xd0, 0xfe))
        return "SSE opcode with a prefix or mode that has no instruction";
    if (value == 0x1a || value == 0x1b)
        return "MPX with a prefix or register that has no instruction";
    if (value == 0x00 || value == 0x01 || value == 0x37 || value == 0xae || value == 0xc7)
        return "system group with a prefix or number that has no instruction";
    return value == 0xa6 || value == 0xa7 ? "undefined PadLock number" : nullptr;
}

// Why it is right that we and Zydis differ in accepting, or null.
const char *known_difference(const Opcode &opcode, const Result<Instruction> &ours,
                             const ZydisDecodedInstruction *theirs) {
    if (!ours && theirs) {
        if (ours.error() == Errc::Unsupported && theirs->meta.branch_type == ZYDIS_BRANCH_TYPE_NEAR &&
            (theirs->attributes & ZYDIS_ATTRIB_HAS_OPERANDSIZE))
            return "a near branch with 66 in 64-bit code, whose length depends on the vendor";
        return theirs->encoding == ZYDIS_INSTRUCTION_ENCODING_MVEX ? "Knights Corner only" : nullptr;
    }
    const bool control = ours->operation == Operation::MovFromCr || ours->operation == Operation::MovToCr;
    if (control && ours->has(Instruction::kLock) && ours->reg == 8)
        return "LOCK MOV CR0, AMD's name for CR8";
    return ours->operation == Operation::Other ? undefined_but_measured(opcode) : nullptr;
}

std::string truncation_fault(std::span<const std::uint8_t> instruction, CodeSize code) {
    for (std::size_t size = 0; size < instruction.size(); ++size) {
        const auto piece = decode(instruction.first(size), code);
        if (piece || piece.error() != Errc::Truncated)
            return "not Truncated when cut to " + std::to_string(size);
    }
    return {};
}

} // namespace

std::string to_hex(std::span<const std::uint8_t> bytes) {
    constexpr char kDigits[] = "0123456789abcdef";
    std::string text;
    for (const std::uint8_t byte : bytes) {
        if (!text.empty())
            text += ' ';
        text += kDigits[byte >> 4];
        text += kDigits[byte & 15];
    }
    return text;
}

std::string disagreement(std::span<const std::uint8_t> bytes, CodeSize code) {
    const Result<Instruction> ours = decode(bytes, code);
    ZydisDecoderContext context{};
    ZydisDecodedInstruction theirs{};
    const ZyanStatus status =
        ZydisDecoderDecodeInstruction(&decoder(code), &context, bytes.data(), bytes.size(), &theirs);
    if (!ZYAN_SUCCESS(status)) {
        if (!ours || known_difference(find_opcode(bytes, code), ours, nullptr))
            return {};
        return status == ZYDIS_STATUS_NO_MORE_DATA ? "we accept what is not complete" : "we accept what Zydis refuses";
    }
    if (theirs.meta.isa_set == ZYDIS_ISA_SET_KNCJKBR) // branches of Knights Corner, elsewhere undefined
        return {};
    if (!ours)
        return known_difference(find_opcode(bytes, code), ours, &theirs) ? "" : "we refuse what Zydis accepts";
    if (ours->length != theirs.length)
        return "length " + std::to_string(ours->length) + ", Zydis says " + std::to_string(theirs.length);
    std::array<ZydisDecodedOperand, ZYDIS_MAX_OPERAND_COUNT> operands{};
    if (!ZYAN_SUCCESS(
            ZydisDecoderDecodeOperands(&decoder(code), &context, &theirs, operands.data(), theirs.operand_count)))
        return "Zydis cannot decode its operands";
    const std::string fault = operand_fault(*ours, theirs, std::span(operands).first(theirs.operand_count));
    return !fault.empty() ? fault : truncation_fault(bytes.first(ours->length), code);
}

} // namespace vmm::test
