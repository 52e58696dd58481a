// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/mm/guest_memory.hpp"

#include "tests/unit/mm/sparse_ram.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <vector>

namespace vmm::test {
namespace {

class GuestMemoryTest : public testing::Test {
  protected:
    GuestMemoryTest() {
        for (std::uint64_t page : {0x10000, 0x11000, 0x12000, 0x14000}) // 0x13000 is not RAM
            ram_.add(page).fill(std::byte{0xee});
        std::iota(bytes_.begin(), bytes_.end(), 1);
    }
    Result<> write(std::uint64_t address, std::uint64_t size) const {
        return memory_.write(Gpa(address), bytes_.data(), size);
    }
    unsigned char byte(std::uint64_t address) const { return ram_.get<unsigned char>(address); }
    bool untouched() const {
        for (std::uint64_t address = 0x10000; address < 0x15000; address++)
            if (ram_.at(Gpa(address)) && byte(address) != 0xee)
                return false;
        return true;
    }

    SparseRam ram_;
    GuestMemory<SparseRam> memory_{ram_};
    std::vector<unsigned char> bytes_ = std::vector<unsigned char>(3 * kPageSize);
};

TEST_F(GuestMemoryTest, WritesWithinAPage) {
    ASSERT_TRUE(write(0x10010, 3));
    EXPECT_EQ(byte(0x1000f), 0xee);
    EXPECT_EQ(byte(0x10010), 1);
    EXPECT_EQ(byte(0x10012), 3);
    EXPECT_EQ(byte(0x10013), 0xee);
}

TEST_F(GuestMemoryTest, WritesAcrossPages) {
    ASSERT_TRUE(write(0x10ffe, kPageSize + 4));
    for (std::uint64_t i = 0; i < kPageSize + 4; i++)
        ASSERT_EQ(byte(0x10ffe + i), bytes_[i]) << i;
    EXPECT_EQ(byte(0x10ffd), 0xee);
    EXPECT_EQ(byte(0x12002), 0xee);
}

TEST_F(GuestMemoryTest, EndsOfRam) {
    EXPECT_TRUE(write(0x10000, 3 * kPageSize));
    EXPECT_TRUE(write(0x12fff, 1));
    EXPECT_TRUE(write(0x14ff8, 8));
}

// All or nothing: not even the part that is RAM is written.
TEST_F(GuestMemoryTest, NothingIsWrittenWhenAPageIsNotRam) {
    struct {
        std::uint64_t address, size;
    } const rows[] = {{0x12fff, 2},      {0x12ff0, kPageSize}, {0x12ff0, kPageSize + 0x20},
                      {0x13000, 1},      {0xffff, 2},          {0x14ff9, 8},
                      {1ull << 52, 8},   {~0ull, 1},           {0xffff'ffff'ffff'f000, 8},
                      {~0ull - 7, 0x90}, {~0ull, 0x10002}};
    for (const auto &row : rows) {
        const auto written = write(row.address, row.size);
        EXPECT_EQ(written.error(), Errc::OutOfRange) << std::hex << row.address;
        EXPECT_TRUE(untouched()) << std::hex << row.address;
    }
}

TEST_F(GuestMemoryTest, NothingToWrite) {
    EXPECT_TRUE(write(0x10000, 0));
    EXPECT_TRUE(untouched());
}

// Linear 0x400000 and on: 0x10000, then 0x12000 (not adjacent), then a page that is mapped but not RAM.
class FetchTest : public GuestMemoryTest {
  protected:
    static constexpr std::uint64_t kLinear = 0x40'0000;
    FetchTest() {
        ram_.put<std::uint64_t>(0x1000, 0x2003);
        ram_.put<std::uint64_t>(0x2000, 0x3003);
        ram_.put<std::uint64_t>(0x3000 + 8 * 2, 0x4003);
        for (unsigned i = 0; std::uint64_t pa : {0x10003, 0x12003, 0x13003})
            ram_.put<std::uint64_t>(0x4000 + 8 * i++, pa);
        for (unsigned i = 0; i < kPageSize; i++) {
            ram_.put<unsigned char>(0x10000 + i, static_cast<unsigned char>(i));
            ram_.put<unsigned char>(0x12000 + i, static_cast<unsigned char>(0x80 + i));
        }
    }
    Result<unsigned> fetch(std::uint64_t address, unsigned most = 16) {
        to_.assign(most + 1, std::byte{0x55});
        return memory_.fetch({x86::cr0::PG | x86::cr0::PE, 0x1000, x86::cr4::PAE, x86::efer::LMA}, Gva(address),
                             to_.data(), most);
    }

    std::vector<std::byte> to_;
};

TEST_F(FetchTest, WithinAPage) {
    const auto count = fetch(kLinear + 0x100);
    ASSERT_TRUE(count);
    EXPECT_EQ(*count, 16u);
    EXPECT_EQ(to_[0], std::byte{0x00});
    EXPECT_EQ(to_[15], std::byte{0x0f});
    EXPECT_EQ(to_[16], std::byte{0x55}); // no more than was asked for
}

TEST_F(FetchTest, AcrossPagesThatAreNotAdjacent) {
    const auto count = fetch(kLinear + 0xffd);
    ASSERT_TRUE(count);
    EXPECT_EQ(*count, 16u);
    EXPECT_EQ(to_[2], std::byte{0xff});
    EXPECT_EQ(to_[3], std::byte{0x80});
    EXPECT_EQ(to_[15], std::byte{0x8c});
}

TEST_F(FetchTest, FewerWhereTheNextPageIsNotThere) {
    const auto count = fetch(kLinear + 0x1ffb); // then mapped, but not RAM
    ASSERT_TRUE(count);
    EXPECT_EQ(*count, 5u);
    EXPECT_EQ(to_[4], std::byte{0x7f});
    EXPECT_EQ(to_[5], std::byte{0x55});
}

TEST_F(FetchTest, NothingThere) {
    for (std::uint64_t address :
         {kLinear + 0x2000, kLinear + 0x3000, kLinear - 1, std::uint64_t{0}, ~std::uint64_t{0}}) {
        EXPECT_EQ(fetch(address).error(), Errc::NotPresent) << std::hex << address;
        EXPECT_EQ(to_[0], std::byte{0x55});
    }
}

} // namespace
} // namespace vmm::test
