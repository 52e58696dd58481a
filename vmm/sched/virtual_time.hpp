// SPDX-License-Identifier: GPL-2.0-only
// The two kinds of tags that service advances: virtual time, by shares, and a rate tag, which real time catches up
// with.
#pragma once

#include <algorithm>
#include <compare>
#include <cstdint>

namespace vmm {

// ticks * 1000 / weight or its inverse, by a reciprocal: no division where time is accounted.
class Scale {
  public:
    constexpr Scale() = default;
    static constexpr Scale by_weight(std::uint32_t weight) { return Scale((1000ull << kShift) / weight); }
    static constexpr Scale by_permille(std::uint32_t permille) {
        return Scale((static_cast<std::uint64_t>(permille) << kShift) / 1000);
    }
    // More than kMost ticks count as kMost: who ran for seconds without a rival owes nothing for it.
    constexpr std::uint64_t operator()(std::uint64_t ticks) const { return std::min(ticks, kMost) * factor_ >> kShift; }

  private:
    static constexpr unsigned kShift = 20;
    static constexpr std::uint64_t kMost = 1ull << 33; // times the factor of weight 1 is below 2^63
    constexpr explicit Scale(std::uint64_t factor) : factor_(factor) {}
    std::uint64_t factor_ = 0;
};

// Ticks of service at 1000 shares. It may wrap around: only distances are compared, and those are short.
class VirtualTime {
  public:
    constexpr VirtualTime() = default;
    constexpr explicit VirtualTime(std::uint64_t ticks) : ticks_(ticks) {}
    constexpr VirtualTime operator+(std::uint64_t ticks) const { return VirtualTime(ticks_ + ticks); }
    constexpr VirtualTime operator-(std::uint64_t ticks) const { return VirtualTime(ticks_ - ticks); }
    constexpr std::int64_t operator-(VirtualTime other) const {
        return static_cast<std::int64_t>(ticks_ - other.ticks_);
    }
    constexpr bool operator==(const VirtualTime &) const = default;
    constexpr std::strong_ordering operator<=>(const VirtualTime &other) const { return (*this - other) <=> 0; }
    // As a key that is compared to others of the same time line.
    constexpr std::uint64_t raw() const { return ticks_; }

  private:
    std::uint64_t ticks_ = 0;
};

// When the service so far was due at the rate: in the past, the group is behind its rate; in the future, ahead of it.
class RateTag {
  public:
    constexpr void set_rate(std::uint32_t permille, std::uint64_t now) {
        if (!is_on())
            time_ = now;
        permille_ = permille;
        time_of_service_ = is_on() ? Scale::by_weight(permille) : Scale();
        service_of_time_ = Scale::by_permille(permille);
    }
    constexpr bool is_on() const { return permille_ != 0; }
    constexpr std::uint64_t time() const { return time_; }
    constexpr bool is_due(std::uint64_t now) const { return time_ <= now; }

    constexpr void charge(std::uint64_t ticks) { time_ += time_of_service_(ticks); }
    constexpr void refund(std::uint64_t ticks) { time_ -= std::min(time_, time_of_service_(ticks)); }
    constexpr void not_before(std::uint64_t time) { time_ = std::max(time_, time); }
    constexpr void not_after(std::uint64_t time) { time_ = std::min(time_, time); }

    constexpr std::uint64_t time_of(std::uint64_t service) const { return time_of_service_(service); }
    constexpr std::uint64_t service_until(std::uint64_t time) const {
        return time > time_ ? service_of_time_(time - time_) : 0;
    }

  private:
    std::uint32_t permille_ = 0;
    Scale time_of_service_, service_of_time_;
    std::uint64_t time_ = 0;
};

} // namespace vmm
