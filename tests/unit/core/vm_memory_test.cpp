// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/core/vm_memory.hpp"

#include "tests/unit/fakes/physical_memory.hpp"

#include <gtest/gtest.h>

namespace vmm::test {
namespace {

constexpr std::uint64_t kMega = 1ull << 20, kGiga = 1ull << 30;

class VmMemoryTest : public testing::Test {
  protected:
    static constexpr std::uint64_t kRam = 0x40000000;
    VmMemoryTest() { host_.add(kRam, 8 * kMega); }
    // The VM's piece n of gigabyte 0 is the machine's piece m.
    void map(unsigned n, unsigned m, std::uint64_t bits = 0x87) {
        directory_[n] = (kRam + m * 2 * kMega) | bits;
        memory_.set_directory(0, directory_.data());
    }
    std::byte *host(std::uint64_t offset) { return host_.bytes(kRam + offset, 1).data(); }

    PhysicalMemory host_;
    std::array<std::uint64_t, 512> directory_{};
    VmMemory memory_;
};

TEST_F(VmMemoryTest, NothingAtFirst) {
    for (std::uint64_t address :
         {std::uint64_t{0}, kGiga, 64 * kGiga, 65 * kGiga, std::uint64_t{1} << 52, ~std::uint64_t{0}})
        EXPECT_EQ(memory_.at(Gpa(address)), nullptr) << std::hex << address;
}

TEST_F(VmMemoryTest, PiecesLieAnywhere) {
    map(0, 3);
    map(1, 1);
    EXPECT_EQ(memory_.at(Gpa(0)), host(6 * kMega));
    EXPECT_EQ(memory_.at(Gpa(2 * kMega - 1)), host(8 * kMega - 1));
    EXPECT_EQ(memory_.at(Gpa(2 * kMega)), host(2 * kMega));
    EXPECT_EQ(memory_.at(Gpa(4 * kMega)), nullptr);
    EXPECT_EQ(memory_.at(Gpa(kGiga)), nullptr);
}

// Neither accessed and dirty bits nor no-execute and what the CPU does not look at belong to the address.
TEST_F(VmMemoryTest, OtherBitsOfAnEntry) {
    map(0, 2, 0x8ff0'0000'0000'01e7);
    EXPECT_EQ(memory_.at(Gpa(0x1234)), host(4 * kMega + 0x1234));
    map(0, 2, 0x86); // not present
    EXPECT_EQ(memory_.at(Gpa(0x1234)), nullptr);
}

TEST_F(VmMemoryTest, GigabytesApart) {
    map(0, 0);
    std::array<std::uint64_t, 512> last{};
    last[511] = (kRam + 2 * kMega) | 0x87;
    memory_.set_directory(64, last.data());
    EXPECT_EQ(memory_.at(Gpa(65 * kGiga - 1)), host(4 * kMega - 1));
    EXPECT_EQ(memory_.at(Gpa(65 * kGiga)), nullptr);
    EXPECT_EQ(memory_.at(Gpa(1 * kGiga)), nullptr);
}

// One structure over the border of two pieces that are no neighbours.
TEST_F(VmMemoryTest, CopiesAcrossPieces) {
    map(0, 3);
    map(1, 0);
    const std::uint64_t value = 0x1122334455667788;
    ASSERT_TRUE(memory_.memory().write(Gpa(2 * kMega - 4), &value, sizeof(value)));
    EXPECT_EQ(*host(8 * kMega - 1), std::byte{0x55});
    EXPECT_EQ(*host(0), std::byte{0x44});
    std::uint64_t read = 0;
    ASSERT_TRUE(memory_.memory().read(Gpa(2 * kMega - 4), &read, sizeof(read)));
    EXPECT_EQ(read, value);
    // Into nothing: not a byte is written.
    EXPECT_FALSE(memory_.memory().write(Gpa(4 * kMega - 4), &value, sizeof(value)));
    EXPECT_EQ(*host(2 * kMega - 4), std::byte{0});
    EXPECT_EQ(memory_.memory().read(Gpa(4 * kMega - 4), &read, sizeof(read)).error(), Errc::NotPresent);
}

} // namespace
} // namespace vmm::test
