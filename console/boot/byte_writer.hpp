// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace console {

using Bytes = std::vector<std::byte>;

// Sets a field of a structure that is already there. The library's assertions stop a store behind its end.
template <std::unsigned_integral T>
void store(std::span<std::byte> bytes, std::size_t offset, std::type_identity_t<T> value) {
    const auto field = bytes.subspan(offset).first(sizeof value);
    std::memcpy(field.data(), &value, sizeof value); // x86 on both sides
}

// Appends the little-endian fields of a structure in their order.
class ByteWriter {
  public:
    ByteWriter &u8(std::uint8_t value) { return append(value); }
    ByteWriter &u16(std::uint16_t value) { return append(value); }
    ByteWriter &u32(std::uint32_t value) { return append(value); }
    ByteWriter &u64(std::uint64_t value) { return append(value); }
    ByteWriter &text(std::string_view text) {
        return bytes(std::as_bytes(std::span(text))); // without a zero at its end
    }
    ByteWriter &bytes(std::span<const std::byte> more) {
        bytes_.insert(bytes_.end(), more.begin(), more.end());
        return *this;
    }
    ByteWriter &zeros(std::size_t count) {
        bytes_.resize(bytes_.size() + count);
        return *this;
    }
    ByteWriter &align(std::size_t alignment) { return zeros((alignment - bytes_.size() % alignment) % alignment); }

    std::size_t size() const { return bytes_.size(); }
    Bytes take() { return std::move(bytes_); }

  private:
    template <class T> ByteWriter &append(T value) {
        const std::size_t end = bytes_.size();
        bytes_.resize(end + sizeof value);
        store<T>(bytes_, end, value);
        return *this;
    }

    Bytes bytes_;
};

} // namespace console
