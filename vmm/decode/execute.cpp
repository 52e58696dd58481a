// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/decode/execute.hpp"

#include "vmm/decode/alu.hpp"

namespace vmm {
namespace {

// An operation on its way: its operands, and the state around them.
struct Work {
    const Instruction &instruction;
    Registers registers;
    std::uint64_t bytes; // of memory, perhaps with others above
    std::uint64_t flags;

    bool loads() const { return instruction.form == Form::RegRm; }

    std::uint64_t memory() const { return low_bytes(bytes, instruction.width); }

    // The operand that is not in memory.
    std::uint64_t other() const {
        if (instruction.reg < registers.size())
            return register_value(instruction, registers);
        return low_bytes(static_cast<std::uint64_t>(std::int64_t{instruction.immediate}), instruction.width);
    }

    Effect keep(std::uint64_t new_flags) const { return {.memory = memory(), .flags = new_flags}; }

    Effect store(alu::Output output) const { return {.memory = output.value, .flags = output.flags}; }

    Effect load(std::uint64_t value, std::uint64_t new_flags) const {
        Effect effect{.memory = bytes, .flags = new_flags, .reg = instruction.reg};
        const std::uint64_t old = registers[instruction.reg];
        if (instruction.has(Instruction::kHighByte))
            effect.value = (old & ~0xff00ull) | low_bytes(value, 1) << 8;
        else
            effect.value = merge_register(old, value, instruction.register_width);
        return effect;
    }

    // To the destination, which is either operand.
    Effect finish(alu::Output output) const { return loads() ? load(output.value, output.flags) : store(output); }
};

Effect arithmetic(const Work &work) {
    const unsigned width = work.instruction.width;
    const std::uint64_t a = work.loads() ? work.other() : work.memory();
    const std::uint64_t b = work.loads() ? work.memory() : work.other();
    const bool carry = work.flags & alu::kCarry;
    switch (work.instruction.operation) {
    case Operation::Add:
        return work.finish(alu::add(a, b, false, width, work.flags));
    case Operation::Adc:
        return work.finish(alu::add(a, b, carry, width, work.flags));
    case Operation::Sub:
        return work.finish(alu::subtract(a, b, false, width, work.flags));
    case Operation::Sbb:
        return work.finish(alu::subtract(a, b, carry, width, work.flags));
    case Operation::And:
        return work.finish(alu::logic(a & b, width, work.flags));
    case Operation::Or:
        return work.finish(alu::logic(a | b, width, work.flags));
    case Operation::Xor:
        return work.finish(alu::logic(a ^ b, width, work.flags));
    case Operation::Test:
        return work.keep(alu::logic(a & b, width, work.flags).flags);
    default: // CMP
        return work.keep(alu::subtract(a, b, false, width, work.flags).flags);
    }
}

Effect unary(const Work &work) {
    const unsigned width = work.instruction.width;
    switch (work.instruction.operation) {
    case Operation::Inc:
        return work.store(alu::increment(work.memory(), width, work.flags));
    case Operation::Dec:
        return work.store(alu::decrement(work.memory(), width, work.flags));
    case Operation::Neg:
        return work.store(alu::subtract(0, work.memory(), false, width, work.flags));
    default: // NOT
        return work.store({low_bytes(~work.memory(), width), work.flags});
    }
}

// Only CF is defined and only CF is changed. The number's upper part went into the address.
Effect bit(const Work &work) {
    const std::uint64_t mask = 1ull << (work.other() & (8u * work.instruction.width - 1));
    const std::uint64_t flags = alu::replace_flags(work.flags, alu::kCarry, work.memory() & mask ? alu::kCarry : 0);
    switch (work.instruction.operation) {
    case Operation::Bts:
        return work.store({work.memory() | mask, flags});
    case Operation::Btr:
        return work.store({work.memory() & ~mask, flags});
    case Operation::Btc:
        return work.store({work.memory() ^ mask, flags});
    default: // BT
        return work.keep(flags);
    }
}

Effect exchange(const Work &work) {
    Effect effect = work.load(work.memory(), work.flags);
    effect.memory = work.other();
    if (work.instruction.operation == Operation::Xadd) {
        const alu::Output sum = alu::add(work.memory(), work.other(), false, work.instruction.width, work.flags);
        effect.memory = sum.value;
        effect.flags = sum.flags;
    }
    return effect;
}

Effect compare_exchange(const Work &work) {
    const unsigned width = work.instruction.width;
    const std::uint64_t whole = work.registers[registers::kAx];
    const std::uint64_t accumulator = low_bytes(whole, width);
    Effect effect = work.keep(alu::subtract(accumulator, work.memory(), false, width, work.flags).flags);
    if (accumulator == work.memory()) {
        effect.memory = work.other();
    } else {
        effect.reg = registers::kAx;
        effect.value = merge_register(whole, work.memory(), width);
    }
    return effect;
}

constexpr bool is_move(Operation operation) {
    return (operation >= Operation::Mov && operation <= Operation::Movbe) || operation >= Operation::Stos;
}

std::uint64_t swap_bytes(std::uint64_t value, unsigned width) {
    return __builtin_bswap64(value) >> (64 - 8 * width);
}

Effect move(const Work &work) {
    switch (work.instruction.operation) {
    case Operation::Movsx:
        return work.load(sign_extend(work.memory(), work.instruction.width), work.flags);
    case Operation::Movs:
        return work.keep(work.flags);
    case Operation::Movbe: {
        const std::uint64_t source = work.loads() ? work.memory() : work.other();
        return work.finish({swap_bytes(source, work.instruction.width), work.flags});
    }
    default: // MOV, MOVZX, LODS, STOS
        return work.finish({work.loads() ? work.memory() : work.other(), work.flags});
    }
}

// Apart from `execute`, so that a plain move does not pay for the registers that this takes.
[[gnu::noinline]] Result<Effect> calculate(const Instruction &instruction, std::uint64_t memory, Registers registers,
                                           std::uint64_t flags) {
    const Work work{instruction, registers, memory, flags};
    const Operation operation = instruction.operation;
    if (operation <= Operation::Test)
        return arithmetic(work);
    if (operation >= Operation::Inc && operation <= Operation::Neg)
        return unary(work);
    if (operation >= Operation::Bt && operation <= Operation::Btc)
        return bit(work);
    return operation == Operation::Cmpxchg ? compare_exchange(work) : exchange(work);
}

} // namespace

Result<Effect> execute(const Instruction &instruction, std::uint64_t memory, Registers registers,
                       std::uint64_t rflags) {
    if (!is_data_access(instruction)) [[unlikely]]
        return Errc::Unsupported;
    if (is_move(instruction.operation)) [[likely]]
        return move({instruction, registers, memory, rflags});
    return calculate(instruction, memory, registers, rflags);
}

bool StringStep::has_element(const Instruction &instruction, Registers registers) {
    const bool repeats = instruction.has(Instruction::kRep) || instruction.has(Instruction::kRepne);
    return !repeats || low_bytes(registers[registers::kCx], instruction.address_width) != 0;
}

bool StringStep::advance(const Instruction &instruction, MutableRegisters registers, std::uint64_t rflags) {
    const auto add = [&](std::uint8_t reg, std::uint64_t amount) {
        registers[reg] = merge_register(registers[reg], registers[reg] + amount, instruction.address_width);
    };
    const std::uint64_t element = instruction.width;
    const std::uint64_t step = rflags & alu::kDirection ? 0 - element : element;
    if (instruction.operation != Operation::Stos)
        add(registers::kSi, step);
    if (instruction.operation != Operation::Lods)
        add(registers::kDi, step);
    if (!instruction.has(Instruction::kRep) && !instruction.has(Instruction::kRepne))
        return true;
    add(registers::kCx, ~0ull);
    return low_bytes(registers[registers::kCx], instruction.address_width) == 0;
}

} // namespace vmm
