// SPDX-License-Identifier: GPL-2.0-only
// Radix page tables of 4 or 5 levels, for the VMM's own address space and for nested paging alike. What differs is the
// Format (bits of an entry) and the Frames (where table pages come from), so the algorithm is tested hosted.
// APM vol. 2, 5.3 (long mode) and 15.25 (nested paging, same layout).
#pragma once

#include "vmm/base/assert.hpp"
#include "vmm/base/bits.hpp"
#include "vmm/base/result.hpp"
#include "vmm/base/types.hpp"
#include "vmm/mm/memory_type.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace vmm {

struct Rights {
    bool write = false, execute = false;
    constexpr bool operator==(const Rights &) const = default;
};

// What an entry maps: `size` bytes of one page, or of the hole where nothing is mapped.
struct Mapping {
    bool present = false;
    Hpa frame;
    std::uint64_t size = 0;
    Rights rights;
    MemoryType type = MemoryType::WriteBack;
};

// Whoever narrows or removes a translation owes a TLB flush before the memory behind it is used otherwise. The debt is
// a value that cannot be dropped: it is settled by the one function that knows which CPUs may hold the translation.
class [[nodiscard]] FlushDebt {
  public:
    constexpr explicit FlushDebt(bool owed) : owed_(owed) {}
    constexpr FlushDebt(FlushDebt &&other) noexcept : owed_(std::exchange(other.owed_, false)) {}
    FlushDebt &operator=(FlushDebt &&) = delete;
    constexpr ~FlushDebt() { VMM_ASSERT(!owed_); }
    constexpr void add(FlushDebt other) { owed_ |= other.settle(); }
    // True when a flush is due; the caller performs it.
    constexpr bool settle() { return std::exchange(owed_, false); }

  private:
    bool owed_;
};

template <class Format, class Frames> class RadixTable {
  public:
    using Entry = std::uint64_t;
    static constexpr unsigned kEntries = 512;

    constexpr RadixTable() = default;
    RadixTable(Hpa root, unsigned levels, unsigned largest_leaf, Frames &frames)
        : root_(root), levels_(levels), largest_leaf_(largest_leaf), frames_(&frames) {}

    Hpa root() const { return root_; }
    unsigned levels() const { return levels_; }

    // Maps [va, va + size) to [pa, ...) with the largest pages that alignment allows. What was mapped there is
    // replaced.
    Result<> map(std::uint64_t va, Hpa pa, std::uint64_t size, Rights rights, MemoryType type, FlushDebt &debt) {
        return change(
            va, size, debt,
            [&](std::uint64_t at, unsigned level) { return Format::leaf(pa + (at - va), level, rights, type); },
            pa.raw() - va);
    }

    // Maps every page of [va, va + size) to the one frame `pa`; table pages are shared too, so a region costs two
    // pages. Whole table pages only: Invalid otherwise.
    Result<> map_alias(std::uint64_t va, Hpa pa, std::uint64_t size, Rights rights, FlushDebt &debt) {
        if ((va | size) % page_size(2) != 0)
            return Errc::Invalid;
        const Hpa leaves = TRY(frames_->allocate());
        for (unsigned i = 0; i < kEntries; i++)
            frames_->table(leaves)[i] = Format::leaf(pa, 1, rights, MemoryType::WriteBack);
        for (std::uint64_t at = va; at < va + size; at += page_size(2))
            TRY(set(at, 2, Format::table(leaves), debt));
        return {};
    }

    Result<> unmap(std::uint64_t va, std::uint64_t size, FlushDebt &debt) {
        return change(
            va, size, debt, [](std::uint64_t, unsigned) { return Entry{0}; }, 0);
    }

    // Ensures that no page crosses `va`, without changing what is mapped: large pages must not span memory types.
    Result<> split_at(std::uint64_t va, FlushDebt &debt) {
        for (unsigned level = levels_; level >= 1; level--) {
            const Entry entry = TRY(entry_at(va, level, debt));
            if (va % page_size(level) == 0 || !Format::present(entry))
                return {};
        }
        return {};
    }

    // Gives what is mapped in [va, va + size) this memory type; pages that cross an end are split. What is not mapped
    // stays so, and shared table pages are written once for all that share them.
    Result<> retype(std::uint64_t va, std::uint64_t size, MemoryType type, FlushDebt &debt) {
        TRY(split_at(va, debt));
        TRY(split_at(va + size, debt));
        for (std::uint64_t at = va; at < va + size;) {
            const Mapping mapping = lookup(at);
            const std::uint64_t page = align_down(at, mapping.size);
            if (mapping.present && mapping.type != type)
                TRY(set(page, level_of(mapping.size),
                        Format::leaf(mapping.frame, level_of(mapping.size), mapping.rights, type), debt));
            at = page + mapping.size;
        }
        return {};
    }

    Mapping lookup(std::uint64_t va) const {
        Hpa table = root_;
        for (unsigned level = levels_; level >= 1; level--) {
            const Entry entry = frames_->table(table)[index(va, level)];
            if (!Format::present(entry))
                return {.size = page_size(level)};
            if (Format::is_leaf(entry, level))
                return {true, Format::frame(entry, level), page_size(level), Format::rights(entry),
                        Format::type(entry, level)};
            table = Format::frame(entry, 1);
        }
        return {.size = kPageSize}; // not reached: what is present at level 1 is a leaf
    }

    // The table page that holds the entry of `level` for va; NotFound when a larger page or nothing is mapped there.
    Result<Hpa> table_at(std::uint64_t va, unsigned level) const {
        Hpa table = root_;
        for (unsigned at = levels_; at > level; at--) {
            const Entry entry = frames_->table(table)[index(va, at)];
            if (!Format::present(entry) || Format::is_leaf(entry, at))
                return Errc::NotFound;
            table = Format::frame(entry, 1);
        }
        return table;
    }

    // Table pages that nothing refers to any more. Whoever holds them releases them, once no CPU can be walking there.
    struct Pruned {
        static constexpr unsigned kMost = 4; // below the root of five levels
        std::array<Hpa, kMost> pages{};
        unsigned count = 0;
    };

    // Takes out the tables on the way to `va` that map nothing. What CPUs remember of them is owed a flush: APM vol. 2,
    // 5.5.2.
    Pruned prune(std::uint64_t va, FlushDebt &debt) {
        Pruned pruned;
        for (unsigned level = 1; level < levels_; level++) {
            const auto table = table_at(va, level);
            if (!table)
                continue; // the way ends above
            if (!is_empty(*table))
                break;
            frames_->table(*table_at(va, level + 1))[index(va, level + 1)] = 0;
            pruned.pages[pruned.count++] = *table;
        }
        debt.add(FlushDebt(pruned.count != 0));
        return pruned;
    }

    // Gives every table page back. Nothing walks them any more, on any CPU.
    void release() { release_table(root_, levels_); }

    static constexpr std::uint64_t page_size(unsigned level) { return 1ull << (12 + 9 * (level - 1)); }

  private:
    static constexpr unsigned index(std::uint64_t va, unsigned level) { return va >> (12 + 9 * (level - 1)) & 511; }

    static constexpr unsigned level_of(std::uint64_t size) {
        constexpr unsigned kMostLevels = 5;
        unsigned level = 1;
        while (level < kMostLevels && page_size(level) < size)
            level++;
        return level;
    }

    bool is_empty(Hpa table) const {
        return std::none_of(frames_->table(table), frames_->table(table) + kEntries, Format::present);
    }

    void release_table(Hpa table, unsigned level) {
        for (unsigned i = 0; level > 1 && i < kEntries; i++) {
            const Entry entry = frames_->table(table)[i];
            if (Format::present(entry) && !Format::is_leaf(entry, level))
                release_table(Format::frame(entry, 1), level - 1);
        }
        frames_->release(table);
    }

    template <class Make>
    Result<> change(std::uint64_t va, std::uint64_t size, FlushDebt &debt, Make make, std::uint64_t skew) {
        VMM_ASSERT((va | size) % kPageSize == 0);
        for (std::uint64_t at = va, left = size; left != 0;) {
            unsigned level = largest_leaf_;
            while (level > 1 && ((at | (at + skew)) % page_size(level) != 0 || left < page_size(level)))
                level--;
            TRY(set(at, level, make(at, level), debt));
            at += page_size(level);
            left -= page_size(level);
        }
        return {};
    }

    // Replaces the entry of `level` that covers va, splitting what is larger.
    Result<> set(std::uint64_t va, unsigned level, Entry value, FlushDebt &debt) {
        Hpa table = root_;
        for (unsigned at = levels_; at > level; at--)
            table = TRY(descend(table, va, at, debt));
        Entry &slot = frames_->table(table)[index(va, level)];
        // An entry that was not present is never cached: APM vol. 2, 5.5.2.
        debt.add(FlushDebt(Format::present(slot) && slot != value));
        slot = value;
        return {};
    }

    Result<Entry> entry_at(std::uint64_t va, unsigned level, FlushDebt &debt) {
        Hpa table = root_;
        for (unsigned at = levels_; at > level; at--) {
            if (!Format::present(frames_->table(table)[index(va, at)]))
                return Entry{0};
            table = TRY(descend(table, va, at, debt));
        }
        return frames_->table(table)[index(va, level)];
    }

    // The next table below `level`, made empty or as the exact equivalent of a large page.
    Result<Hpa> descend(Hpa table, std::uint64_t va, unsigned level, FlushDebt &debt) {
        Entry &slot = frames_->table(table)[index(va, level)];
        if (Format::present(slot) && !Format::is_leaf(slot, level))
            return Format::frame(slot, 1);
        const Hpa next = TRY(frames_->allocate());
        if (Format::present(slot)) {
            const Hpa base = Format::frame(slot, level);
            for (unsigned i = 0; i < kEntries; i++)
                frames_->table(next)[i] = Format::leaf(base + i * page_size(level - 1), level - 1, Format::rights(slot),
                                                       Format::type(slot, level));
            debt.add(FlushDebt(true)); // old and new sizes must not be cached together: APM vol. 2, 5.5.2
        }
        slot = Format::table(next);
        return next;
    }

    Hpa root_;
    unsigned levels_ = 0, largest_leaf_ = 0;
    Frames *frames_ = nullptr;
};

} // namespace vmm
