// SPDX-License-Identifier: GPL-2.0-only
// The functions that the compiler may call, under other names beside the C library's, against those.
#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <vector>

#define memcpy vmm_memcpy
#define memset vmm_memset
#define memmove vmm_memmove
#define memcmp vmm_memcmp
#define strlen vmm_strlen
#include "vmm/core/runtime.cpp"
#undef memcpy
#undef memset
#undef memmove
#undef memcmp
#undef strlen

namespace {

using Bytes = std::vector<unsigned char>;

class Runtime : public testing::Test {
  protected:
    Bytes random_bytes(std::size_t size) {
        Bytes bytes(size);
        for (unsigned char &byte : bytes)
            byte = static_cast<unsigned char>(random_());
        return bytes;
    }
    std::mt19937 random_{9};
};

TEST_F(Runtime, Copies) {
    for (std::size_t size = 0; size < 70; size++) {
        const Bytes from = random_bytes(size);
        Bytes to(size); // the sanitizer stands right behind it
        EXPECT_EQ(vmm_memcpy(to.data(), from.data(), size), to.data());
        EXPECT_EQ(to, from);
        EXPECT_EQ(vmm_memset(to.data(), 0x1a5, size), to.data());
        EXPECT_EQ(to, Bytes(size, 0xa5));
    }
}

TEST_F(Runtime, MovesOverlapping) {
    for (unsigned i = 0; i < 500; i++) {
        Bytes ours = random_bytes(64), theirs = ours;
        const std::size_t from = random_() % 64, to = random_() % 64, size = random_() % (64 - std::max(from, to) + 1);
        EXPECT_EQ(vmm_memmove(ours.data() + to, ours.data() + from, size), ours.data() + to);
        std::memmove(theirs.data() + to, theirs.data() + from, size);
        ASSERT_EQ(ours, theirs) << from << " to " << to << " size " << size;
    }
}

TEST_F(Runtime, Compares) {
    const auto sign = [](int value) { return (value > 0) - (value < 0); };
    for (std::size_t size = 0; size < 40; size++) {
        const Bytes a = random_bytes(size);
        EXPECT_EQ(vmm_memcmp(a.data(), a.data(), size), 0);
        for (std::size_t at = 0; at < size; at++) {
            Bytes b = a;
            b[at] ^= 0x80; // unsigned comparison
            if (at + 1 < size)
                b[size - 1] ^= 0xff; // only the first difference counts
            EXPECT_EQ(sign(vmm_memcmp(a.data(), b.data(), size)), sign(std::memcmp(a.data(), b.data(), size)));
        }
    }
}

TEST_F(Runtime, Lengths) {
    EXPECT_EQ(vmm_strlen(""), 0u);
    EXPECT_EQ(vmm_strlen("four"), 4u);
    EXPECT_EQ(vmm_strlen("a\0b"), 1u);
}

} // namespace
