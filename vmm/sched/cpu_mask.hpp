// SPDX-License-Identifier: GPL-2.0-only
// CpuMask: a set of CPUs by index.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace vmm {

inline constexpr unsigned kMaxCpus = 256; // VMNIX_MAX_CPUS of the ABI

class CpuMask {
  public:
    constexpr CpuMask() = default;
    static constexpr CpuMask only(unsigned cpu) {
        CpuMask mask;
        mask.add(cpu);
        return mask;
    }
    // CPUs 0 to count - 1.
    static constexpr CpuMask first(unsigned count) {
        CpuMask mask;
        for (unsigned cpu = 0; cpu < count; cpu++)
            mask.add(cpu);
        return mask;
    }

    constexpr void add(unsigned cpu) { words_[cpu / 64] |= 1ull << cpu % 64; }
    constexpr void remove(unsigned cpu) { words_[cpu / 64] &= ~(1ull << cpu % 64); }
    constexpr bool has(unsigned cpu) const { return words_[cpu / 64] >> cpu % 64 & 1; }
    constexpr bool any() const {
        std::uint64_t all = 0;
        for (std::uint64_t word : words_)
            all |= word;
        return all != 0;
    }
    constexpr unsigned count() const {
        unsigned sum = 0; // std::popcount would be a function of the compiler's library, which the VMM lacks
        for (std::uint64_t word : words_)
            for (; word != 0; word &= word - 1)
                sum++;
        return sum;
    }
    // Only of a set that is not empty.
    constexpr unsigned lowest() const {
        unsigned i = 0;
        while (words_[i] == 0)
            i++;
        return i * 64 + static_cast<unsigned>(std::countr_zero(words_[i]));
    }
    constexpr bool is_within(const CpuMask &other) const { return !(*this & ~other).any(); }

    template <class Function> constexpr void each(Function function) const {
        for (unsigned i = 0; i < words_.size(); i++)
            for (std::uint64_t word = words_[i]; word != 0; word &= word - 1)
                function(i * 64 + static_cast<unsigned>(std::countr_zero(word)));
    }

    constexpr CpuMask operator&(const CpuMask &other) const {
        CpuMask mask;
        for (unsigned i = 0; i < words_.size(); i++)
            mask.words_[i] = words_[i] & other.words_[i];
        return mask;
    }
    constexpr CpuMask operator|(const CpuMask &other) const {
        CpuMask mask;
        for (unsigned i = 0; i < words_.size(); i++)
            mask.words_[i] = words_[i] | other.words_[i];
        return mask;
    }
    constexpr CpuMask operator~() const {
        CpuMask mask;
        for (unsigned i = 0; i < words_.size(); i++)
            mask.words_[i] = ~words_[i];
        return mask;
    }
    constexpr bool operator==(const CpuMask &) const = default;

  private:
    std::array<std::uint64_t, kMaxCpus / 64> words_{};
};

} // namespace vmm
