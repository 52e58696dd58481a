// SPDX-License-Identifier: GPL-2.0-only
// The one way to a guest's memory: checked addresses, bytes copied in once, translations walked as the CPU would.
// Template on Ram (what is RAM and where it is mapped), so that tests and fuzzers bring their own.
#pragma once

#include "vmm/base/bits.hpp"
#include "vmm/base/result.hpp"
#include "vmm/base/types.hpp"
#include "vmm/x86/registers.hpp"

#include <algorithm>

namespace vmm {

// The control registers that decide how a linear address is translated.
struct Paging {
    std::uint64_t cr0, cr3, cr4, efer;
};

// Translates for a supervisor read, as instruction bytes and structures of the guest's kernel are read: rights were
// checked by the CPU when it executed the instruction. Accessed bits are not set. APM vol. 2, 5.2 to 5.4.
template <class Ram> Gpa translate(const Ram &ram, const Paging &paging, Gva address);

// What translate() answers when there is no translation: no RAM is there, so that one look-up serves both questions.
inline constexpr Gpa kNowhere{~0ull};

template <class Ram> class GuestMemory {
  public:
    explicit GuestMemory(const Ram &ram) : ram_(&ram) {}

    // Copies to guest-physical memory, page by page; nothing is written when a page is not RAM.
    Result<> write(Gpa address, const void *from, std::uint64_t bytes) const {
        // By what is done, not up to an end: address + bytes may lie beyond the last address, at which 0 follows.
        for (std::uint64_t done = 0; done < bytes; done += kPageSize - (address + done).page_offset())
            if (!ram_->at(address + done))
                return Errc::OutOfRange;
        const auto *bytes_from = static_cast<const std::byte *>(from);
        for (std::uint64_t done = 0; done < bytes;) {
            const Gpa at = address + done;
            const std::uint64_t part = std::min(bytes - done, kPageSize - at.page_offset());
            __builtin_memcpy(ram_->at(at), bytes_from + done, part);
            done += part;
        }
        return {};
    }

    // Copies from guest-physical memory, page by page; NotPresent where a page is not RAM.
    Result<> read(Gpa address, void *to, std::uint64_t bytes) const {
        auto *bytes_to = static_cast<std::byte *>(to);
        for (std::uint64_t done = 0; done < bytes;) {
            const Gpa at = address + done;
            const std::byte *from = ram_->at(at);
            const std::uint64_t part = std::min(bytes - done, kPageSize - at.page_offset());
            if (!from)
                return Errc::NotPresent;
            __builtin_memcpy(bytes_to + done, from, part);
            done += part;
        }
        return {};
    }

    // Copies up to `most` bytes from a linear address, over a page border when it must; returns how many were there.
    Result<unsigned> fetch(const Paging &paging, Gva address, std::byte *to, unsigned most) const {
        unsigned done = 0;
        while (done < most) {
            const Gva at = address + done;
            const std::byte *from = ram_->at(translate(*ram_, paging, at));
            const std::uint64_t room = kPageSize - at.page_offset();
            const unsigned part = most - done < room ? most - done : static_cast<unsigned>(room);
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

inline constexpr std::uint64_t kFrameMask = 0x000ffffffffff000ull, kEntryPresent = bit(0), kEntryLarge = bit(7);

// An entry of a table, zero (not present) where no RAM is.
template <class Entry, class Ram>
[[gnu::always_inline]] inline Entry entry(const Ram &ram, std::uint64_t table, std::uint64_t index) {
    const std::byte *from = ram.at(Gpa(table + index * sizeof(Entry)));
    if (!from) [[unlikely]]
        return 0;
    return *reinterpret_cast<const Entry *>(from); // aligned: tables are, and index * sizeof is
}

// From the table of the level whose index begins at bit Shift: 39 for four levels. Unrolled, as every exit whose
// instruction must be measured walks here.
template <unsigned Shift, class Ram>
[[gnu::always_inline]] inline Gpa walk(const Ram &ram, std::uint64_t table, std::uint64_t va) {
    const auto e = entry<std::uint64_t>(ram, table, va >> Shift & 511);
    if (!(e & kEntryPresent)) [[unlikely]]
        return kNowhere;
    constexpr std::uint64_t kOffset = bit(Shift) - 1;
    if constexpr (Shift == 12) {
        return Gpa((e & kFrameMask) | (va & kOffset));
    } else {
        if constexpr (Shift <= 30)
            if (e & kEntryLarge)
                return Gpa((e & kFrameMask & ~kOffset) | (va & kOffset));
        return walk<Shift - 9>(ram, e & kFrameMask, va);
    }
}

template <class Ram>
[[gnu::always_inline]] inline Gpa translate_long(const Ram &ram, const Paging &paging, Gva address) {
    std::uint64_t table = paging.cr3 & kFrameMask;
    if (paging.cr4 & x86::cr4::LA57) {
        const auto e = entry<std::uint64_t>(ram, table, address.raw() >> 48 & 511);
        if (!(e & kEntryPresent)) [[unlikely]]
            return kNowhere;
        table = e & kFrameMask;
    }
    return walk<39>(ram, table, address.raw());
}

template <class Ram> Gpa translate_pae(const Ram &ram, const Paging &paging, Gva address) {
    const std::uint64_t va = address.raw() & 0xffffffff;
    auto e = entry<std::uint64_t>(ram, paging.cr3 & 0xffffffe0, va >> 30);
    for (unsigned shift : {21u, 12u}) {
        if (!(e & kEntryPresent))
            return kNowhere;
        e = entry<std::uint64_t>(ram, e & kFrameMask, va >> shift & 511);
        if ((e & kEntryPresent) && (shift == 12 || (e & kEntryLarge))) {
            const std::uint64_t offset = bit(shift) - 1;
            return Gpa((e & kFrameMask & ~offset) | (va & offset));
        }
    }
    return kNowhere;
}

template <class Ram> Gpa translate_legacy(const Ram &ram, const Paging &paging, Gva address) {
    const std::uint64_t va = address.raw() & 0xffffffff;
    const auto directory = entry<std::uint32_t>(ram, paging.cr3 & 0xfffff000, va >> 22);
    if (!(directory & kEntryPresent))
        return kNowhere;
    if ((directory & kEntryLarge) && (paging.cr4 & x86::cr4::PSE)) // bits 39:32 of the frame are in 20:13 (PSE-36)
        return Gpa((directory & 0xffc00000) | std::uint64_t{directory >> 13 & 0xff} << 32 | (va & 0x3fffff));
    const auto page = entry<std::uint32_t>(ram, directory & 0xfffff000, va >> 12 & 1023);
    return page & kEntryPresent ? Gpa((page & 0xfffff000) | (va & 0xfff)) : kNowhere;
}

template <class Ram> [[gnu::noinline]] Gpa translate_rare(const Ram &ram, Paging paging, Gva address) {
    if (!(paging.cr0 & x86::cr0::PG))
        return Gpa(address.raw() & 0xffffffff);
    if (paging.cr4 & x86::cr4::PAE)
        return translate_pae(ram, paging, address);
    return translate_legacy(ram, paging, address);
}

} // namespace detail

// LMA says both: long mode is enabled and paging is on (APM vol. 2, 3.1.7).
template <class Ram> [[gnu::always_inline]] inline Gpa translate(const Ram &ram, const Paging &paging, Gva address) {
    if (paging.efer & x86::efer::LMA) [[likely]]
        return detail::translate_long(ram, paging, address);
    return detail::translate_rare(ram, paging, address);
}

} // namespace vmm
