// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/core/log.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace vmm {
namespace {

class LogRingTest : public testing::Test {
  protected:
    LogRingTest() { ring_.use(storage_); }
    // What is read from `position`, which moves to the first byte.
    std::string read(std::uint64_t &position, std::size_t most = 100) const {
        std::string to(most + 1, '#');
        const unsigned n = ring_.read(position, std::span(to).first(most));
        EXPECT_EQ(to.substr(n), std::string(to.size() - n, '#')); // nothing written beyond what it says
        return to.substr(0, n);
    }
    std::string from(std::uint64_t position, std::size_t most = 100) const { return read(position, most); }

    std::vector<char> storage_ = std::vector<char>(16);
    LogRing ring_;
};

TEST_F(LogRingTest, Empty) {
    EXPECT_EQ(from(0), "");
    EXPECT_EQ(ring_.head(), 0u);
    EXPECT_EQ(ring_.oldest(), 0u);
    EXPECT_EQ(ring_.size(), 16u);
}

TEST_F(LogRingTest, ReadsOnFromAPosition) {
    ring_.append("hello");
    EXPECT_EQ(from(0), "hello");
    EXPECT_EQ(from(2), "llo");
    EXPECT_EQ(from(5), "");
    ring_.append(" world");
    EXPECT_EQ(from(5), " world");
    EXPECT_EQ(ring_.head(), 11u);
}

TEST_F(LogRingTest, NoMoreThanThereIsRoom) {
    ring_.append("hello");
    EXPECT_EQ(from(1, 2), "el");
    EXPECT_EQ(from(1, 0), "");
}

TEST_F(LogRingTest, WrapsAround) {
    ring_.append("0123456789abcdef"); // full
    EXPECT_EQ(from(0), "0123456789abcdef");
    ring_.append("ghij");
    EXPECT_EQ(ring_.oldest(), 4u);
    EXPECT_EQ(from(4), "456789abcdefghij");
    EXPECT_EQ(from(14), "efghij");
}

// A reader that was too slow is told where it goes on, and so how much it missed.
TEST_F(LogRingTest, LostBytesMoveThePosition) {
    ring_.append("0123456789abcdefghij");
    std::uint64_t position = 1;
    EXPECT_EQ(read(position, 4), "4567");
    EXPECT_EQ(position, 4u);
}

TEST_F(LogRingTest, PositionBeyondTheHead) {
    ring_.append("hello");
    for (std::uint64_t beyond : {std::uint64_t{6}, std::uint64_t{1} << 40, ~std::uint64_t{0}}) {
        std::uint64_t position = beyond;
        EXPECT_EQ(read(position), "");
        EXPECT_EQ(position, 5u); // from here it may go on
    }
}

TEST_F(LogRingTest, LongerThanTheRing) {
    ring_.append(std::string(100, 'x') + "0123456789abcdef");
    EXPECT_EQ(ring_.head(), 116u);
    EXPECT_EQ(from(0), "0123456789abcdef");
}

TEST_F(LogRingTest, NoStorageYet) {
    LogRing ring;
    ring.append("early");
    EXPECT_EQ(ring.head(), 0u);
    std::uint64_t position = 0;
    char to[4];
    EXPECT_EQ(ring.read(position, to), 0u);
}

TEST_F(LogRingTest, AgreesWithAString) {
    std::mt19937 random(5);
    std::string all;
    for (unsigned i = 0; i < 500; i++) {
        const std::string line(random() % 9, static_cast<char>('a' + i % 26));
        ring_.append(line);
        all += line;
        std::uint64_t position = random() % (all.size() + 3);
        const std::uint64_t asked = position;
        const std::size_t most = random() % 20;
        const std::string got = read(position, most);
        ASSERT_EQ(got, all.substr(position, std::min<std::size_t>(most, got.size())));
        ASSERT_EQ(position, std::min<std::uint64_t>(
                                std::max<std::uint64_t>(asked, all.size() < 16 ? 0 : all.size() - 16), all.size()));
        ASSERT_EQ(got.size(), std::min<std::size_t>(most, all.size() - position));
    }
}

} // namespace
} // namespace vmm
