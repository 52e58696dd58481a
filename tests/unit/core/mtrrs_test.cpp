// SPDX-License-Identifier: GPL-2.0-only
// Reading the MTRRs from the hardware: APM vol. 2, 7.7 and appendix A.
#include "vmm/core/console_nested.hpp"

#include "tests/unit/fakes/rig.hpp"

#include <gtest/gtest.h>

namespace vmm::test {
namespace {

class ReadMtrrs : public testing::Test {
  protected:
    std::map<std::uint32_t, std::uint64_t> &msrs() { return rig_.hardware().msrs; }
    Rig rig_;
};

TEST_F(ReadMtrrs, EveryRegisterInItsPlace) {
    const std::uint32_t fixed[] = {0x250, 0x258, 0x259, 0x268, 0x269, 0x26a, 0x26b, 0x26c, 0x26d, 0x26e, 0x26f};
    for (unsigned i = 0; i < 11; i++)
        msrs()[fixed[i]] = 0x100 + i;
    for (unsigned i = 0; i < 8; i++) {
        msrs()[0x200 + 2 * i] = 0x1000 * i;
        msrs()[0x201 + 2 * i] = 0x1000 * i + 0x800;
    }
    msrs()[0x2ff] = 0xc06;
    msrs()[0xfe] = 0x508;
    const Mtrrs mtrrs = read_mtrrs();
    for (unsigned i = 0; i < 11; i++)
        EXPECT_EQ(mtrrs.fixed[i], 0x100 + i);
    ASSERT_EQ(mtrrs.variable_count, 8u);
    for (unsigned i = 0; i < 8; i++) {
        EXPECT_EQ(mtrrs.variable[i].base, 0x1000 * i);
        EXPECT_EQ(mtrrs.variable[i].mask, 0x1000 * i + 0x800);
    }
    EXPECT_EQ(mtrrs.def_type, 0xc06u);
    EXPECT_EQ(mtrrs.physical_bits, 40u);
}

TEST_F(ReadMtrrs, NoMoreThanThereIsRoomFor) {
    msrs()[0xfe] = 0x5ff;
    EXPECT_EQ(read_mtrrs().variable_count, Mtrrs::kVariable);
}

TEST_F(ReadMtrrs, CpuWithoutThem) {
    rig_.hardware().leaves[{1, 0}].edx &= ~(1u << 12);
    rig_.hardware().faulting_msrs = {0xfe, 0x2ff, 0x250};
    const Mtrrs mtrrs = read_mtrrs();
    for (std::uint64_t address : {0ul, 0xa0000ul, 0xfee00000ul})
        EXPECT_EQ(mtrrs.type_at(Hpa(address)), MemoryType::WriteBack);
}

} // namespace
} // namespace vmm::test
