// SPDX-License-Identifier: GPL-2.0-only
#include "console/boot/aml.hpp"

#include <gtest/gtest.h>

using namespace console;

namespace {

Bytes hex(std::initializer_list<unsigned> numbers) {
    Bytes bytes;
    for (const unsigned number : numbers)
        bytes.push_back(static_cast<std::byte>(number));
    return bytes;
}

} // namespace

TEST(Aml, IntegersTakeAsFewBytesAsTheyNeed) {
    EXPECT_EQ(aml::integer(0), hex({0x00}));
    EXPECT_EQ(aml::integer(1), hex({0x01}));
    EXPECT_EQ(aml::integer(2), hex({0x0a, 2}));
    EXPECT_EQ(aml::integer(0xff), hex({0x0a, 0xff}));
    EXPECT_EQ(aml::integer(0x100), hex({0x0b, 0x00, 0x01}));
    EXPECT_EQ(aml::integer(0x10000), hex({0x0c, 0, 0, 1, 0}));
    EXPECT_EQ(aml::integer(1ull << 32), hex({0x0e, 0, 0, 0, 0, 1, 0, 0, 0}));
}

TEST(Aml, EisaIdsAreCompressed) {
    EXPECT_EQ(aml::eisa_id("PNP0501"), hex({0x0c, 0x41, 0xd0, 0x05, 0x01})); // section 19.6.37's form
    EXPECT_EQ(aml::eisa_id("PNP0B00"), hex({0x0c, 0x41, 0xd0, 0x0b, 0x00}));
}

TEST(Aml, PackageLengthsCountThemselves) {
    const auto first_bytes = [](std::size_t content) {
        const Bytes term = aml::buffer(Bytes(content));
        return Bytes(term.begin(), term.begin() + 4);
    };
    // One byte of length, size as a byte constant of two.
    EXPECT_EQ(first_bytes(60), hex({0x11, 0x3f, 0x0a, 60}));
    EXPECT_EQ(first_bytes(61), hex({0x11, 0x41, 0x04, 0x0a})) << "0x41 is 2 + 2 + 61";
    EXPECT_EQ(first_bytes(0xff0), hex({0x11, 0x45, 0xff, 0x0b})) << "two bytes of length: 2 + 3 + 0xff0 = 0xff5";
    EXPECT_EQ(first_bytes(0xffb), hex({0x11, 0x81, 0x00, 0x01})) << "three: 3 + 3 + 0xffb = 0x1001";
}

TEST(Aml, ResourcesEndWithATag) {
    const Bytes descriptors[] = {aml::io_ports(0x3f8, 8), aml::interrupt(4)};
    EXPECT_EQ(aml::resources(descriptors),
              hex({0x11, 16, 0x0a, 13, 0x47, 1, 0xf8, 0x03, 0xf8, 0x03, 1, 8, 0x22, 0x10, 0, 0x79, 0}));
}

TEST(Aml, NamedThingsNest) {
    const Bytes terms[] = {aml::name("_UID", aml::integer(3))};
    EXPECT_EQ(aml::device("C003", terms), hex({0x5b, 0x82, 12, 'C', '0', '0', '3', 0x08, '_', 'U', 'I', 'D', 0x0a, 3}));
    EXPECT_EQ(aml::scope("\\_SB_", {}), hex({0x10, 6, '\\', '_', 'S', 'B', '_'}));
}
