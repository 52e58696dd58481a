// SPDX-License-Identifier: GPL-2.0-only
// Addresses of the four kinds that a hypervisor must never mix, distinct in every build.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>

namespace vmm {

inline constexpr std::uint64_t kPageShift = 12;
inline constexpr std::uint64_t kPageSize = 1ull << kPageShift;

template <class Kind> class Address {
  public:
    constexpr Address() = default;
    constexpr explicit Address(std::uint64_t value) : value_(value) {}
    constexpr std::uint64_t raw() const { return value_; }
    constexpr std::uint64_t page_offset() const { return value_ & (kPageSize - 1); }
    constexpr Address page() const { return Address(value_ & ~(kPageSize - 1)); }
    constexpr Address operator+(std::uint64_t bytes) const { return Address(value_ + bytes); }
    constexpr std::uint64_t operator-(Address other) const { return value_ - other.value_; }
    constexpr auto operator<=>(const Address &) const = default;

  private:
    std::uint64_t value_ = 0;
};

using Gpa = Address<struct GuestPhysical>;
using Gva = Address<struct GuestVirtual>; // linear, segment base already added
using Hpa = Address<struct HostPhysical>;

// [begin, begin + size) in bytes.
template <class A> struct Range {
    A begin;
    std::uint64_t size = 0;
    constexpr A end() const { return begin + size; }
    // Written so that an address below `begin` and sizes that wrap both answer no.
    constexpr bool contains(A address, std::uint64_t bytes = 1) const {
        return address >= begin && bytes <= size && address - begin <= size - bytes;
    }
    constexpr bool operator==(const Range &) const = default;
};

} // namespace vmm
