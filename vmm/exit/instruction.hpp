// SPDX-License-Identifier: GPL-2.0-only
// The instruction that exited: its bytes, its length, its operands. The bytes are read anew after each exit, as another
// vCPU may have changed them; when they are no longer what exited, the guest is resumed and the CPU decides again.
#pragma once

#include "vmm/core/vmm.hpp"
#include "vmm/decode/decode.hpp"
#include "vmm/decode/decode_cache.hpp"
#include "vmm/exit/exit.hpp"

namespace vmm {

struct InstructionBytes {
    DecodeCache::Bytes words{};
    unsigned count = 0; // valid bytes
};

// Reads up to 16 bytes at the guest's instruction pointer; fewer where the next page is not there.
template <class V> Result<InstructionBytes> fetch(V v) {
    InstructionBytes bytes;
    bytes.count = TRY(GuestMemory(v.memory())
                          .fetch(v.paging(), v.instruction_address(v.code_size()),
                                 reinterpret_cast<std::byte *>(&bytes.words), sizeof(bytes.words)));
    return bytes;
}

inline std::span<const std::uint8_t> as_span(const InstructionBytes &bytes) {
    return {reinterpret_cast<const std::uint8_t *>(&bytes.words), bytes.count}; // bytes of an object: always readable
}

// What the exit says was executed: its usual encoding, for the quick comparison, and its name for the full decoder.
struct Expected {
    Operation operation;
    std::uint32_t encoding;
    std::uint8_t length;
};
namespace expected {
inline constexpr Expected kCpuid{Operation::Cpuid, 0xa20f, 2}, kRdmsr{Operation::Rdmsr, 0x320f, 2},
    kWrmsr{Operation::Wrmsr, 0x300f, 2}, kHlt{Operation::Hlt, 0xf4, 1}, kInvd{Operation::Invd, 0x080f, 2},
    kXsetbv{Operation::Xsetbv, 0xd1010f, 3}, kMwait{Operation::Mwait, 0xc9010f, 3},
    kWbinvd{Operation::Wbinvd, 0x090f, 2};
}

// The usual encoding is compared where it lies; what is prefixed, or crosses a page, is decoded.
template <class V> [[gnu::noinline]] Result<std::uint8_t> measure(V v, Expected expected) {
    const auto bytes = fetch(v);
    if (!bytes)
        return expected.length; // runs from where the VMM does not read, as firmware: no kernel prefixes these
    const auto decoded = decode(as_span(*bytes), v.code_size());
    if (!decoded || decoded->operation != expected.operation)
        return Errc::NotFound;
    return decoded->length;
}

// Length of the instruction that exited; NotFound when the bytes are something else by now (resume without advancing).
template <class V>
[[gnu::always_inline]] inline Result<std::uint8_t> length_of(V v, const Exit &exit, const Expected &expected) {
    if (exit.length != 0)
        return exit.length;
    const Gva at = v.instruction_address(v.code_size());
    if (at.page_offset() <= kPageSize - sizeof(std::uint32_t)) [[likely]] {
        const std::byte *from = v.memory().at(translate(v.memory(), v.paging(), at));
        std::uint32_t head = 0;
        if (from)
            __builtin_memcpy(&head, from, sizeof(head));
        if (((head ^ expected.encoding) & ((1u << 8 * expected.length) - 1)) == 0) [[likely]]
            return expected.length;
    }
    return measure(v, expected);
}

// Decodes what is not in the cache, and puts it there. The bytes come in registers: those who find them in the cache
// need not store them.
template <class V>
[[gnu::noinline]] Result<const Instruction *> decode_anew(V v, DecodeCache::Slot &slot, CodeSize code,
                                                          DecodeCache::Bytes words,
                                                          unsigned count = sizeof(DecodeCache::Bytes)) {
    const InstructionBytes bytes{words, count};
    const Instruction instruction = TRY(decode_data_access(as_span(bytes), code));
    DecodeCache::fill(slot, v.rip(), words, code, instruction);
    return &slot.instruction;
}

// On the last bytes of a page, where the rest has to be read by another translation.
template <class V> [[gnu::noinline]] Result<const Instruction *> decode_across_pages(V v, DecodeCache::Slot &slot) {
    const InstructionBytes bytes = TRY(fetch(v));
    return decode_anew(v, slot, v.code_size(), bytes.words, bytes.count);
}

// The data access that faulted on a device page, from the cache when its bytes are unchanged. Valid until the next
// exit.
template <class V> [[gnu::always_inline]] inline Result<const Instruction *> decode_at(V v) {
    const CodeSize code = v.code_size();
    const Gva at = v.instruction_address(code);
    const std::byte *from = v.memory().at(translate(v.memory(), v.paging(), at));
    DecodeCache::Slot &slot = v.cpu().decode_cache.slot(v.rip());
    if (!from || at.page_offset() > kPageSize - sizeof(DecodeCache::Bytes)) [[unlikely]]
        return decode_across_pages(v, slot);
    DecodeCache::Bytes bytes;
    __builtin_memcpy(&bytes, from, sizeof(bytes));
    if (slot.holds(v.rip(), bytes, code)) [[likely]]
        return &slot.instruction;
    return decode_anew(v, slot, code, bytes);
}

} // namespace vmm
