// SPDX-License-Identifier: GPL-2.0-only
// The one way to a guest's memory: checked addresses, bytes copied in once, translations walked as the CPU would.
// Template on Ram (what is RAM and where it is mapped), so that tests and fuzzers bring their own.
#pragma once

#include "vmm/base/bits.hpp"
#include "vmm/base/result.hpp"
#include "vmm/base/types.hpp"
#include "vmm/x86/registers.hpp"

namespace vmm {

// The control registers that decide how a linear address is translated.
struct Paging {
    std::uint64_t cr0, cr3, cr4, efer;
};

// Translates for a supervisor read, as instruction bytes and structures of the guest's kernel are read: rights were
// checked by the CPU when it executed the instruction. Accessed bits are not set. APM vol. 2, 5.2 to 5.4.
template <class Ram> Result<Gpa> translate(const Ram &ram, const Paging &paging, Gva address);

template <class Ram> class GuestMemory {
  public:
    explicit GuestMemory(const Ram &ram) : ram_(&ram) {}

    // Reads T at a guest-physical address; a copy, so that later checks see what was read.
    template <class T> Result<T> read(Gpa address) const {
        const std::byte *from = ram_->at(address, sizeof(T));
        if (!from)
            return Errc::OutOfRange;
        T value;
        __builtin_memcpy(&value, from, sizeof(T));
        return value;
    }

    Result<> write(Gpa address, const void *from, std::uint64_t bytes) const {
        std::byte *to = ram_->at(address, bytes);
        if (!to)
            return Errc::OutOfRange;
        __builtin_memcpy(to, from, bytes);
        return {};
    }

    Result<Gpa> translate(const Paging &paging, Gva address) const { return vmm::translate(*ram_, paging, address); }

    // Copies up to `most` bytes from a linear address, over a page border when it must; returns how many were there.
    Result<unsigned> fetch(const Paging &paging, Gva address, std::byte *to, unsigned most) const {
        unsigned done = 0;
        while (done < most) {
            const Gva at = address + done;
            const auto gpa = translate(paging, at);
            const std::uint64_t room = kPageSize - at.page_offset();
            const unsigned part = most - done < room ? most - done : static_cast<unsigned>(room);
            const std::byte *from = gpa ? ram_->at(*gpa, part) : nullptr;
            if (!from)
                break;
            __builtin_memcpy(to + done, from, part);
            done += part;
        }
        if (done == 0)
            return Errc::NotPresent;
        return done;
    }

  private:
    const Ram *ram_;
};

namespace detail {

template <class Entry, class Ram> Result<Entry> entry(const Ram &ram, std::uint64_t table, std::uint64_t index) {
    const std::byte *from = ram.at(Gpa(table + index * sizeof(Entry)), sizeof(Entry));
    if (!from) [[unlikely]]
        return Errc::NotPresent;
    return *reinterpret_cast<const Entry *>(from); // aligned: tables are, and index * sizeof is
}

inline constexpr std::uint64_t kFrameMask = 0x000ffffffffff000ull, kEntryPresent = bit(0), kEntryLarge = bit(7);

template <class Ram> Result<Gpa> translate_long(const Ram &ram, const Paging &paging, Gva address) {
    const std::uint64_t va = address.raw();
    std::uint64_t table = paging.cr3 & kFrameMask;
    for (unsigned shift = paging.cr4 & x86::cr4::LA57 ? 48 : 39;; shift -= 9) {
        const std::uint64_t e = TRY(entry<std::uint64_t>(ram, table, va >> shift & 511));
        if (!(e & kEntryPresent)) [[unlikely]]
            return Errc::NotPresent;
        if (shift == 12 || ((e & kEntryLarge) && shift <= 30)) {
            const std::uint64_t offset = bit(shift) - 1;
            return Gpa((e & kFrameMask & ~offset) | (va & offset));
        }
        table = e & kFrameMask;
    }
}

template <class Ram> Result<Gpa> translate_pae(const Ram &ram, const Paging &paging, Gva address) {
    const std::uint64_t va = address.raw() & 0xffffffff;
    std::uint64_t e = TRY(entry<std::uint64_t>(ram, paging.cr3 & 0xffffffe0, va >> 30));
    for (unsigned shift : {21u, 12u}) {
        if (!(e & kEntryPresent))
            return Errc::NotPresent;
        e = TRY(entry<std::uint64_t>(ram, e & kFrameMask, va >> shift & 511));
        if (!(e & kEntryPresent))
            return Errc::NotPresent;
        if (shift == 12 || (e & kEntryLarge)) {
            const std::uint64_t offset = bit(shift) - 1;
            return Gpa((e & kFrameMask & ~offset) | (va & offset));
        }
    }
    return Errc::NotPresent;
}

template <class Ram> Result<Gpa> translate_legacy(const Ram &ram, const Paging &paging, Gva address) {
    const std::uint64_t va = address.raw() & 0xffffffff;
    const std::uint32_t directory = TRY(entry<std::uint32_t>(ram, paging.cr3 & 0xfffff000, va >> 22));
    if (!(directory & kEntryPresent))
        return Errc::NotPresent;
    if ((directory & kEntryLarge) && (paging.cr4 & x86::cr4::PSE)) // bits 39:32 of the frame are in 20:13 (PSE-36)
        return Gpa((directory & 0xffc00000) | std::uint64_t{directory >> 13 & 0xff} << 32 | (va & 0x3fffff));
    const std::uint32_t page = TRY(entry<std::uint32_t>(ram, directory & 0xfffff000, va >> 12 & 1023));
    if (!(page & kEntryPresent))
        return Errc::NotPresent;
    return Gpa((page & 0xfffff000) | (va & 0xfff));
}

} // namespace detail

template <class Ram> Result<Gpa> translate(const Ram &ram, const Paging &paging, Gva address) {
    if (!(paging.cr0 & x86::cr0::PG))
        return Gpa(address.raw() & 0xffffffff);
    if (paging.efer & x86::efer::LMA) [[likely]]
        return detail::translate_long(ram, paging, address);
    if (paging.cr4 & x86::cr4::PAE)
        return detail::translate_pae(ram, paging, address);
    return detail::translate_legacy(ram, paging, address);
}

} // namespace vmm
