// SPDX-License-Identifier: GPL-2.0-only
// The fuzzer's bytes, taken one value after the other; zeros when they are used up.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>

namespace vmm::test {

class Input {
  public:
    explicit Input(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

    bool empty() const { return bytes_.empty(); }

    template <class T> T take() {
        T value{};
        const std::size_t n = bytes_.size() < sizeof value ? bytes_.size() : sizeof value;
        if (n != 0)
            std::memcpy(&value, bytes_.data(), n);
        bytes_ = bytes_.subspan(n);
        return value;
    }
    std::uint8_t byte() { return take<std::uint8_t>(); }
    bool flag() { return byte() & 1; }

  private:
    std::span<const std::uint8_t> bytes_;
};

} // namespace vmm::test
