// SPDX-License-Identifier: GPL-2.0-only
#include "console/boot/file_view.hpp"

#include <gmock/gmock.h>

#include "console/base/failure.hpp"
#include "tests/unit/boot/kernels.hpp"

using namespace console;
using testing::HasSubstr;

TEST(FileView, ReadsLittleEndianNumbers) {
    const Bytes bytes = ByteWriter().u8(1).u16(0x2345).u64(0x0123456789abcdef).take();
    const FileView file("file", bytes);
    EXPECT_EQ(file.get<std::uint16_t>(1), 0x2345);
    EXPECT_EQ(file.get<std::uint64_t>(3), 0x0123456789abcdefu);
}

TEST(FileView, RefusesToReadBehindTheEnd) {
    const Bytes bytes(8);
    const FileView file("some-kernel", bytes);
    EXPECT_NO_THROW(file.slice(8, 0));
    EXPECT_THROW(file.slice(9, 0), Failure);
    EXPECT_THROW(file.slice(~0ull, 2), Failure);
    EXPECT_THROW(file.slice(2, ~0ull), Failure);
    try {
        file.get<std::uint32_t>(5);
        FAIL();
    } catch (const Failure &failure) {
        EXPECT_THAT(failure.cause(), HasSubstr("some-kernel"));
        EXPECT_THAT(failure.cause(), HasSubstr("cut short"));
        EXPECT_FALSE(failure.remedy().empty());
    }
}

TEST(FileView, ComparesText) {
    const Bytes bytes = test::bytes_of("abcd");
    const FileView file("file", bytes);
    EXPECT_TRUE(file.has("cd", 2));
    EXPECT_FALSE(file.has("cx", 2));
    EXPECT_FALSE(file.has("cde", 2));
    EXPECT_FALSE(file.has("a", ~0ull));
}
