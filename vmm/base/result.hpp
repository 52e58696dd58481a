// SPDX-License-Identifier: GPL-2.0-only
// Result<T>: a value or the reason why there is none. TRY unwraps or returns the reason.
#pragma once

#include <cstdint>
#include <type_traits>
#include <utility>

namespace vmm {

enum class Errc : std::uint8_t {
    Invalid = 1, // an argument breaks its documented rule
    Unsupported, // well-formed, but not something this build or CPU does
    NotFound,    // no such object
    NotPresent,  // a guest translation has no mapping
    OutOfRange,  // an address or index beyond its object
    NoMemory,    // the frame pool is empty
    Busy,        // the object is in a state that forbids this now
    TimedOut,    // another CPU did not arrive
    Truncated,   // the bytes end before the object does
    Exists,      // the name is taken
    Injected,    // a test asked for this failure
};

template <class T = void> class [[nodiscard]] Result {
    static_assert(std::is_trivially_destructible_v<T>, "Result carries plain values; owners travel by out-parameter");

  public:
    constexpr Result(T value) : value_(std::move(value)), ok_(true) {}
    constexpr Result(Errc error) : error_(error), ok_(false) {}
    constexpr explicit operator bool() const { return ok_; }
    constexpr Errc error() const { return error_; }
    constexpr T &operator*() { return value_; }
    constexpr const T &operator*() const { return value_; }
    constexpr T *operator->() { return &value_; }
    constexpr const T *operator->() const { return &value_; }

  private:
    union {
        T value_;
        Errc error_;
    };
    bool ok_;
};

template <> class [[nodiscard]] Result<void> {
  public:
    constexpr Result() = default;
    constexpr Result(Errc error) : error_(error) {}
    constexpr explicit operator bool() const { return error_ == Errc{}; }
    constexpr Errc error() const { return error_; }
    constexpr void operator*() const {}

  private:
    Errc error_{};
};

} // namespace vmm

// Evaluates to the value, or returns the error from the enclosing function.
#define TRY(expression)                                                                                                \
    ({                                                                                                                 \
        auto try_result_ = (expression);                                                                               \
        if (!try_result_) [[unlikely]]                                                                                 \
            return try_result_.error();                                                                                \
        *try_result_;                                                                                                  \
    })
