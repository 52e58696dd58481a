// SPDX-License-Identifier: GPL-2.0-only
#include "console/boot/aml.hpp"

#include <array>
#include <charconv>

namespace console::aml {

namespace {

enum Op : std::uint8_t {
    zero_op = 0x00,
    one_op = 0x01,
    name_op = 0x08,
    byte_prefix = 0x0a,
    word_prefix = 0x0b,
    dword_prefix = 0x0c,
    string_prefix = 0x0d,
    qword_prefix = 0x0e,
    scope_op = 0x10,
    buffer_op = 0x11,
    package_op = 0x12,
    ext_prefix = 0x5b,
    ext_device_op = 0x82,
};

// Section 20.2.4. The length counts its own bytes: the first holds six bits of it, or four and how many follow.
Bytes package_length(std::size_t content) {
    if (content + 1 < 0x40)
        return ByteWriter().u8(static_cast<std::uint8_t>(content + 1)).take();
    std::size_t more = 1;
    while (content + 1 + more >= std::size_t{1} << (4 + 8 * more))
        ++more;
    const std::size_t length = content + 1 + more;
    ByteWriter bytes;
    bytes.u8(static_cast<std::uint8_t>(more << 6 | (length & 0xf)));
    for (std::size_t i = 0; i < more; ++i)
        bytes.u8(static_cast<std::uint8_t>(length >> (4 + 8 * i)));
    return bytes.take();
}

Bytes sized(const Bytes &content) {
    return ByteWriter().bytes(package_length(content.size())).bytes(content).take();
}

Bytes name_string(std::string_view path) {
    return ByteWriter().text(path).take();
}

Bytes named_body(std::string_view path, std::span<const Bytes> terms) {
    return sized(ByteWriter().bytes(name_string(path)).bytes(join(terms)).take());
}

} // namespace

Bytes join(std::span<const Bytes> terms) {
    ByteWriter all;
    for (const Bytes &term : terms)
        all.bytes(term);
    return all.take();
}

Bytes integer(std::uint64_t value) {
    ByteWriter term;
    if (value <= 1)
        term.u8(value ? one_op : zero_op);
    else if (value <= 0xff)
        term.u8(byte_prefix).u8(static_cast<std::uint8_t>(value));
    else if (value <= 0xffff)
        term.u8(word_prefix).u16(static_cast<std::uint16_t>(value));
    else if (value <= 0xffffffff)
        term.u8(dword_prefix).u32(static_cast<std::uint32_t>(value));
    else
        term.u8(qword_prefix).u64(value);
    return term.take();
}

Bytes string(std::string_view text) {
    return ByteWriter().u8(string_prefix).text(text).u8(0).take();
}

// Section 19.6.37: three letters of five bits, four digits of four, the most significant byte first.
Bytes eisa_id(std::string_view id) {
    std::uint16_t digits = 0;
    std::from_chars(id.data() + 3, id.data() + id.size(), digits, 16);
    const auto letter = [&](std::size_t at) { return static_cast<std::uint32_t>(id[at] - '@') & 0x1f; };
    const std::uint32_t value = letter(0) << 26 | letter(1) << 21 | letter(2) << 16 | digits;
    return integer(__builtin_bswap32(value));
}

Bytes package(std::span<const Bytes> elements) {
    const auto count = static_cast<std::uint8_t>(elements.size());
    return ByteWriter().u8(package_op).bytes(sized(ByteWriter().u8(count).bytes(join(elements)).take())).take();
}

Bytes buffer(std::span<const std::byte> content) {
    const Bytes sized_content = ByteWriter().bytes(integer(content.size())).bytes(content).take();
    return ByteWriter().u8(buffer_op).bytes(sized(sized_content)).take();
}

Bytes name(std::string_view path, const Bytes &object) {
    return ByteWriter().u8(name_op).bytes(name_string(path)).bytes(object).take();
}

Bytes device(std::string_view segment, std::span<const Bytes> terms) {
    return ByteWriter().u8(ext_prefix).u8(ext_device_op).bytes(named_body(segment, terms)).take();
}

Bytes scope(std::string_view path, std::span<const Bytes> terms) {
    return ByteWriter().u8(scope_op).bytes(named_body(path, terms)).take();
}

// Section 6.4.2.5: all 16 address lines are decoded, the base is fixed.
Bytes io_ports(std::uint16_t base, std::uint8_t count) {
    constexpr std::uint8_t tag = 0x47, decode_16 = 1, alignment = 1;
    return ByteWriter().u8(tag).u8(decode_16).u16(base).u16(base).u8(alignment).u8(count).take();
}

// Section 6.4.2.1 without flags: edge, active high, not shared.
Bytes interrupt(unsigned irq) {
    constexpr std::uint8_t tag = 0x22;
    return ByteWriter().u8(tag).u16(static_cast<std::uint16_t>(1u << irq)).take();
}

// Section 6.4.2.9: a checksum of 0 at the end says that there is none.
Bytes resources(std::span<const Bytes> descriptors) {
    constexpr std::uint8_t end_tag = 0x79;
    return buffer(ByteWriter().bytes(join(descriptors)).u8(end_tag).u8(0).take());
}

} // namespace console::aml
