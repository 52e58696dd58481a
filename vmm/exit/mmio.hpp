// SPDX-License-Identifier: GPL-2.0-only
// Accesses to guest-physical addresses that the nested tables do not let through: the APICs' register pages, the VMM's
// own memory, and what is not mapped yet.
#pragma once

#include "vmm/decode/execute.hpp"
#include "vmm/exit/apic.hpp"
#include "vmm/exit/instruction.hpp"

namespace vmm {

// A virtual local APIC's page: 32-bit registers 16 bytes apart (APM vol. 2, 16.3.2). Other accesses read zero and are
// not written; the manual leaves them undefined.
template <class V> class LapicPage {
  public:
    LapicPage(V v, Gpa address) : v_(v), offset_(static_cast<std::uint32_t>(address.page_offset())) {}
    std::uint64_t read(unsigned width) {
        if (offset_ % 16 != 0 || width < 4)
            return 0;
        return v_.world().lapic.read(lapic_register_at(offset_), x86::rdtsc()).value;
    }
    bool write(std::uint64_t value, unsigned width) {
        if (offset_ % 16 != 0 || width < 4)
            return true;
        return perform(
            v_, v_.world().lapic.write(lapic_register_at(offset_), static_cast<std::uint32_t>(value), x86::rdtsc()));
    }

  private:
    V v_;
    std::uint32_t offset_;
};

class IoApicPage {
  public:
    explicit IoApicPage(Gpa address) : address_(address) {}
    std::uint64_t read(unsigned width) {
        auto io_apics = g_vmm.io_apics.lock();
        return width == 4 ? io_apics->at(address_)->model.read(offset()) : 0;
    }
    bool write(std::uint64_t value, unsigned width) {
        auto io_apics = g_vmm.io_apics.lock();
        if (width == 4)
            io_apics->at(address_)->model.write(offset(), static_cast<std::uint32_t>(value));
        return true;
    }

  private:
    std::uint32_t offset() const { return static_cast<std::uint32_t>(address_.page_offset()); }
    Gpa address_;
};

// Where nothing answers: the message window of the interrupt bus.
struct EmptyPage {
    std::uint64_t read(unsigned width) { return low_bytes(~0ull, width); }
    bool write(std::uint64_t, unsigned) { return true; }
};

// Any other data access, by the decoder's description of it. MOVS has two memory operands, of which one is the guest's
// memory and would need its rights: refused.
template <class V, class Device>
[[gnu::noinline]] Verdict emulate_rest(V v, Device device, const Instruction &instruction) {
    if (instruction.form == Form::RmRm) [[unlikely]] {
        v.inject(x86::Vector::GeneralProtection, 0);
        return Verdict::Resume;
    }
    auto &registers = v.world().gpr;
    const bool string = is_string(instruction.operation);
    if (string && !StringStep::has_element(instruction, registers)) {
        v.advance(instruction.length);
        return Verdict::Resume;
    }
    const std::uint64_t memory = reads_memory(instruction) ? device.read(instruction.width) : 0;
    const auto effect = execute(instruction, memory, registers, v.rflags());
    if (!effect || (writes_memory(instruction) && !device.write(effect->memory, instruction.width))) [[unlikely]] {
        v.inject(x86::Vector::GeneralProtection, 0);
        return Verdict::Resume;
    }
    std::uint64_t rflags = v.rflags();
    effect->commit(registers, rflags);
    v.set_rflags(rflags);
    if (!string || StringStep::advance(instruction, registers, rflags))
        v.advance(instruction.length);
    return Verdict::Resume;
}

// No data access that can be emulated is there. When the guest's tables have no translation any more the CPU faults by
// itself; otherwise going on would exit at the same place for ever.
template <class V> [[gnu::cold, gnu::noinline]] Verdict refuse_undecoded(V v) {
    if (translate(v.memory(), v.paging(), v.instruction_address(v.code_size())) != kNowhere)
        v.inject(x86::Vector::GeneralProtection, 0);
    return Verdict::Resume;
}

// What a plain store writes. The usual width needs no masks.
[[gnu::always_inline]] inline std::uint64_t stored_value(const Instruction &instruction, Registers registers) {
    if (instruction.form == Form::RmReg && instruction.width == 4) [[likely]]
        return static_cast<std::uint32_t>(registers[instruction.reg]);
    const std::uint64_t value = instruction.form == Form::RmReg ? register_value(instruction, registers)
                                                                : static_cast<std::uint64_t>(instruction.immediate);
    return low_bytes(value, instruction.width);
}

// Carries out the instruction at the guest's instruction pointer on `device`.
template <class V, class Device> [[gnu::always_inline]] inline Verdict emulate(V v, Device device) {
    const auto decoded = decode_at(v);
    if (!decoded) [[unlikely]]
        return refuse_undecoded(v);
    const Instruction &instruction = **decoded;
    if (instruction.operation != Operation::Mov || instruction.form == Form::RegRm) [[unlikely]]
        return emulate_rest(v, device, instruction);
    const bool done = device.write(stored_value(instruction, v.world().gpr), instruction.width);
    if (done) [[likely]]
        v.advance(instruction.length);
    else
        v.inject(x86::Vector::GeneralProtection, 0);
    return Verdict::Resume;
}

inline constexpr std::uint64_t kMessageWindow = 0xfee00000, kMessageWindowSize = 0x100000;

template <class V> [[gnu::cold, gnu::noinline]] Verdict handle_rare_fault(V v, Gpa address) {
    auto &exits = v.world().stats.exits;
    if (g_vmm.io_apics.unguarded().at(address)) { // the list itself never changes after the launch
        exits[VMNIX_EXIT_MMIO]++;
        return emulate(v, IoApicPage(address));
    }
    exits[VMNIX_EXIT_NESTED_FAULT]++;
    v.enter_host_context();
    if (address.raw() - kMessageWindow < kMessageWindowSize)
        return emulate(v, EmptyPage{});
    // A piece that was given away: reads as ones, like the rest of the VMM's memory.
    if (g_vmm.ram.pieces().at(address.raw()) > Owner::Console && !v.nested_fault().write && !v.nested_fault().execute)
        return emulate(v, EmptyPage{});
    if (!v.nested_fault().present && v.map_more(address))
        return Verdict::Resume;
    // A write or a jump into the VMM's memory or the switch stub: refused, and the kernel that tried hears of it.
    v.inject(x86::Vector::GeneralProtection, 0);
    return Verdict::Resume;
}

template <class V> [[gnu::always_inline]] inline Verdict handle_nested_fault(V v, const Exit &exit) {
    const Gpa address = exit.address;
    if (address.page().raw() == g_vmm.handover->lapic_base && v.world().lapic.mode() == LapicMode::Xapic) [[likely]] {
        v.world().stats.exits[VMNIX_EXIT_MMIO]++;
        return emulate(v, LapicPage<V>(v, address));
    }
    return handle_rare_fault(v, address);
}

} // namespace vmm
