// SPDX-License-Identifier: GPL-2.0-only
// Decoder: the steps of `decode`, in the order in which the bytes come. Include decode.hpp to use it.
//
// It runs within every exit that the CPU does not decode by itself. Its state is to live in registers: hence the steps
// of the common road are always inlined, and those off the road take and return copies, so that no address escapes.
#pragma once

#include "vmm/base/result.hpp"
#include "vmm/decode/address_form.hpp"
#include "vmm/decode/byte_cursor.hpp"
#include "vmm/decode/immediate_form.hpp"
#include "vmm/decode/instruction.hpp"
#include "vmm/decode/opcode.hpp"
#include "vmm/decode/opcode_groups.hpp"
#include "vmm/decode/opcode_maps.hpp"
#include "vmm/decode/prefixes.hpp"
#include "vmm/decode/special_opcodes.hpp"
#include "vmm/decode/vector_form.hpp"

#include <cstdint>
#include <span>

namespace vmm {

class Decoder {
  public:
    // `out` is what blank() returns. It means nothing after an error.
    constexpr Decoder(std::span<const std::uint8_t> bytes, CodeSize code, Instruction &out)
        : cursor_(bytes), code_(code), out_(out) {}

    // An instruction of which nothing but the default sizes of 64-bit code is known.
    static constexpr Instruction blank() { return {.width = 4, .address_width = 8, .traits = Instruction::kBits64}; }

    [[gnu::always_inline]] constexpr Result<void> run() {
        if (code_ != CodeSize::Bits64) [[unlikely]]
            set_legacy_sizes();
        const opcodes::Opcode *row = nullptr;
        for (;;) {
            const std::uint8_t first = TRY(cursor_.take<std::uint8_t>());
            row = &opcodes::kOneByteMap[first];
            if (!row->has(opcodes::kUnusual)) [[likely]]
                break;
            if (row->has(opcodes::kRex)) {
                if (code_ != CodeSize::Bits64)
                    break;
                prefixes_.set_rex(first);
                continue;
            }
            if (row->has(opcodes::kPrefix)) {
                add_prefix(first);
                continue;
            }
            if (row->has(opcodes::kEscape))
                row = TRY(escape());
            else if (row->has(opcodes::kVector) && TRY(is_vector(cursor_, first, code_)))
                return vector();
            TRY(check(*row));
            break;
        }
        if (row->has(opcodes::kModRm))
            TRY(take_modrm(row));
        else if (row->has(opcodes::kString))
            set_string(*row);
        opcodes::Opcode refined;
        if (row->special != opcodes::Special::None) [[unlikely]] {
            refined = TRY(refine(modrm_, prefixes_, code_, *row));
            row = &refined;
        }
        if (prefixes_.legacy()) [[unlikely]]
            TRY(apply_prefixes(*row));
        const std::uint8_t operand_bytes = prefixes_.rex_w() ? 8 : out_.width;
        if (row->immediate != opcodes::Immediate::None)
            TRY(take_immediate(cursor_, *row, operand_bytes, out_));
        out_.operation = row->operation;
        out_.form = row->form;
        out_.length = cursor_.consumed();
        set_operands(*row, operand_bytes);
        return {};
    }

  private:
    [[gnu::always_inline]] constexpr void set_legacy_sizes() {
        out_.traits = 0;
        out_.width = prefixes_.operand_bytes(code_);
        out_.address_width = prefixes_.address_bytes(code_);
    }

    [[gnu::always_inline]] constexpr void add_prefix(std::uint8_t byte) {
        prefixes_ = prefixes_.with(byte, code_);
        out_.width = prefixes_.operand_bytes(code_);
        out_.address_width = prefixes_.address_bytes(code_);
    }

    // The row of an opcode that begins with 0F.
    [[gnu::always_inline]] constexpr Result<const opcodes::Opcode *> escape() {
        const std::uint8_t second = TRY(cursor_.take<std::uint8_t>());
        if (second != 0x38 && second != 0x3a) [[likely]]
            return &opcodes::kTwoByteMap[second];
        const std::uint8_t third = TRY(cursor_.take<std::uint8_t>());
        if (second == 0x3a)
            return &opcodes::kMap3a;
        if (third == 0x82 && prefixes_.has(Prefixes::kOperandSize) && !prefixes_.repeats())
            return &opcodes::kInvpcid;
        if ((third & 0xfe) == 0xf0 && !prefixes_.repeats())
            return third & 1 ? &opcodes::kMovbeStore : &opcodes::kMovbeLoad;
        return &opcodes::kMap38;
    }

    [[gnu::always_inline]] constexpr Result<void> vector() {
        out_.length = TRY(vector_length(cursor_.bytes(), cursor_.consumed(), prefixes_, out_));
        return {};
    }

    [[gnu::always_inline]] constexpr Result<void> check(const opcodes::Opcode &opcode) const {
        if (opcode.has(opcodes::kUndefined) || (opcode.has(opcodes::kNot64) && code_ == CodeSize::Bits64))
            return Errc::Invalid;
        if (opcode.has(opcodes::kPlain) && prefixes_.mandatory())
            return Errc::Invalid;
        return {};
    }

    [[gnu::always_inline]] constexpr Result<void> take_modrm(const opcodes::Opcode *&row) {
        modrm_ = TRY(cursor_.take<std::uint8_t>());
        if (row->group != opcodes::Group::None)
            TRY(extend(row));
        if (modrm_ >= 0xc0) [[unlikely]] {
            if (row->has(opcodes::kMemoryOnly))
                return Errc::Invalid;
            out_.base = static_cast<std::uint8_t>((modrm_ & 7) | prefixes_.rex_b());
            return {};
        }
        if (row->has(opcodes::kRegisterOnly)) [[unlikely]]
            return Errc::Invalid;
        out_.traits |= Instruction::kMemory;
        return take_address(cursor_, modrm_, prefixes_, out_);
    }

    // Lets ModRM.reg choose the row.
    [[gnu::always_inline]] constexpr Result<void> extend(const opcodes::Opcode *&row) {
        if (row->group == opcodes::Group::AnyMod) {
            modrm_ |= 0xc0;
            return {};
        }
        row = &opcodes::kGroups[static_cast<unsigned>(row->group)][modrm_ >> 3 & 7];
        return row->has(opcodes::kUndefined) ? Errc::Invalid : Result<void>();
    }

    [[gnu::always_inline]] constexpr void set_string(const opcodes::Opcode &opcode) {
        constexpr std::uint8_t kSi = 6, kDi = 7;
        const bool stores = opcode.operation == Operation::Stos || opcode.operation == Operation::Ins;
        out_.traits |= Instruction::kMemory;
        out_.base = stores ? kDi : kSi;
        if (stores)
            out_.segment = SegmentRegister::Es; // whatever the override: see apply_prefixes
    }

    [[gnu::always_inline]] constexpr Result<void> apply_prefixes(const opcodes::Opcode &opcode) {
        const bool fixed_segment = opcode.has(opcodes::kString) && out_.segment == SegmentRegister::Es;
        if (prefixes_.has_segment() && !fixed_segment)
            out_.segment = prefixes_.segment();
        if (prefixes_.has(Prefixes::kRep))
            out_.traits |= Instruction::kRep;
        if (prefixes_.has(Prefixes::kRepne))
            out_.traits |= Instruction::kRepne;
        return prefixes_.has(Prefixes::kLock) ? apply_lock(opcode) : Result<void>();
    }

    // LOCK elsewhere is #UD (AMD APM vol. 3, 1.2.5). With MOV CR0 it names CR8 (APM vol. 3, MOV CRn).
    [[gnu::always_inline]] constexpr Result<void> apply_lock(const opcodes::Opcode &opcode) {
        const bool control = opcode.operation == Operation::MovFromCr || opcode.operation == Operation::MovToCr;
        if (control && (modrm_ & 0x38) == 0)
            prefixes_.add_rex_r();
        else if (!opcode.has(opcodes::kLockable) || !out_.has(Instruction::kMemory))
            return Errc::Invalid;
        out_.traits |= Instruction::kLock;
        return {};
    }

    [[gnu::always_inline]] constexpr void set_operands(const opcodes::Opcode &opcode, std::uint8_t operand_bytes) {
        out_.width = opcode.width ? opcode.width : operand_bytes;
        if (opcode.form != Form::RmReg && opcode.form != Form::RegRm)
            return;
        out_.register_width = opcode.has(opcodes::kExtends) ? operand_bytes : out_.width;
        if (!opcode.has(opcodes::kModRm)) [[unlikely]] {
            out_.reg = 0; // the accumulator
            return;
        }
        out_.reg = static_cast<std::uint8_t>((modrm_ >> 3 & 7) | prefixes_.rex_r());
        if (out_.register_width == 1 && !prefixes_.has_rex() && out_.reg >= 4) { // APM vol. 3, 1.4.2
            out_.reg -= 4;
            out_.traits |= Instruction::kHighByte;
        }
    }

    ByteCursor cursor_;
    CodeSize code_;
    Prefixes prefixes_;
    std::uint8_t modrm_ = 0;
    Instruction &out_;
};

} // namespace vmm
