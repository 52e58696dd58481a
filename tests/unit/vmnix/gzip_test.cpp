// SPDX-License-Identifier: GPL-2.0-only
#include "vmnix/gzip.h"

#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace vmnix_unit {
namespace {

using Bytes = std::vector<std::uint8_t>;

enum : std::uint8_t { kCrc = 2, kExtra = 4, kName = 8, kComment = 16 };

Bytes gzip(std::uint8_t flags, const std::string &optional, std::size_t payload = 5) {
    Bytes bytes{0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 3};
    bytes.insert(bytes.end(), optional.begin(), optional.end());
    bytes.insert(bytes.end(), payload, 0xdd);
    const Bytes trailer{1, 2, 3, 4, 0x78, 0x56, 0x34, 0x12};
    bytes.insert(bytes.end(), trailer.begin(), trailer.end());
    return bytes;
}

void expect_payload(const Bytes &bytes, std::size_t payload = 5) {
    vmnix_gzip parsed;
    ASSERT_TRUE(vmnix_gzip_parse(bytes.data(), bytes.size(), &parsed));
    EXPECT_EQ(parsed.bytes, payload);
    EXPECT_EQ(parsed.offset + payload + 8, bytes.size());
    EXPECT_EQ(parsed.unpacked, 0x12345678u);
}

TEST(Gzip, FindsThePayload) {
    expect_payload(gzip(0, ""));
    expect_payload(gzip(kName, std::string("vmkernel\0", 9)));
    expect_payload(gzip(kComment, std::string("made by hand\0", 13)));
    expect_payload(gzip(kCrc, "cc"));
    expect_payload(gzip(kExtra, std::string("\x03\0abc", 5)));
    expect_payload(gzip(kExtra | kName | kComment | kCrc, std::string("\x01\0xname\0\0cc", 11)));
    expect_payload(gzip(0, "", 1), 1);
}

TEST(Gzip, RefusesDamage) {
    vmnix_gzip parsed;
    const auto refused = [&parsed](const Bytes &bytes) {
        return !vmnix_gzip_parse(bytes.data(), bytes.size(), &parsed);
    };
    EXPECT_TRUE(refused(gzip(0, "", 0)));           // no payload
    EXPECT_TRUE(refused(gzip(0x20, "")));           // reserved flag
    EXPECT_TRUE(refused(gzip(kName, "", 5)));       // a name that does not end
    EXPECT_TRUE(refused(gzip(kExtra, "\xff\xff"))); // a field longer than the file
    EXPECT_TRUE(refused(gzip(kExtra, "", 1)));      // not even its length
    EXPECT_TRUE(refused(gzip(kCrc, "", 2)));        // a check sum and then nothing
    Bytes other = gzip(0, "");
    other[2] = 7; // not deflate
    EXPECT_TRUE(refused(other));
}

TEST(Gzip, EveryTruncationStaysInside) {
    const Bytes whole = gzip(kExtra | kName | kComment | kCrc, std::string("\x01\0xname\0\0cc", 11));
    for (std::size_t size = 0; size < whole.size(); size++) {
        const Bytes part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
        vmnix_gzip parsed{};
        if (vmnix_gzip_parse(part.data(), part.size(), &parsed)) {
            EXPECT_LE(parsed.offset + parsed.bytes + 8, size);
        }
    }
}

} // namespace
} // namespace vmnix_unit
