// SPDX-License-Identifier: GPL-2.0-only
// The instruction that exited, from the guest's memory as it is now.
#include "vmm/exit/instruction.hpp"

#include "tests/unit/fakes/exit_fixture.hpp"

namespace vmm::test {
namespace {

class LengthOf : public ExitFixture {
  protected:
    Result<std::uint8_t> length(const Expected &expected, std::uint8_t told = 0) {
        return length_of(vcpu(), {.kind = ExitKind::Other, .length = told}, expected);
    }
    void island(unsigned before_end, std::initializer_list<std::uint8_t> bytes) {
        guest().rip = Guest::kIsland + kPageSize - before_end;
        const std::uint64_t first = Guest::kIslandPage + kPageSize - before_end;
        unsigned i = 0;
        for (std::uint8_t byte : bytes)
            guest_.put(i < before_end ? first + i : Guest::kIslandNext + i - before_end, byte), i++;
    }
    void map_next() { guest_.map_island(1, Guest::kIslandNext | 3); }
};

TEST_F(LengthOf, WhatTheCpuTellsIsNotLookedAt) {
    EXPECT_EQ(*length(expected::kCpuid, 5), 5);
}

TEST_F(LengthOf, UsualEncodings) {
    struct {
        Expected expected;
        std::initializer_list<std::uint8_t> bytes;
    } const rows[] = {{expected::kCpuid, {0x0f, 0xa2}}, {expected::kRdmsr, {0x0f, 0x32}},
                      {expected::kWrmsr, {0x0f, 0x30}}, {expected::kHlt, {0xf4}},
                      {expected::kInvd, {0x0f, 0x08}},  {expected::kXsetbv, {0x0f, 0x01, 0xd1}}};
    for (const auto &row : rows) {
        guest_.code(Guest::kCode, row.bytes);
        const auto measured = length(row.expected);
        ASSERT_TRUE(measured);
        EXPECT_EQ(*measured, row.bytes.size());
        // The same by the full decoder.
        EXPECT_EQ(*measure(vcpu(), row.expected), row.bytes.size());
    }
}

TEST_F(LengthOf, Prefixed) {
    guest_.code(Guest::kCode, {0x66, 0x48, 0x0f, 0xa2});
    EXPECT_EQ(*length(expected::kCpuid), 4);
    guest_.code(Guest::kCode, {0xf3, 0x0f, 0x30}); // WRMSR with a prefix that means nothing there
    EXPECT_EQ(*length(expected::kWrmsr), 3);
}

// Another vCPU wrote there: the CPU is to decide again.
TEST_F(LengthOf, ChangedMeanwhile) {
    guest_.code(Guest::kCode, {0x0f, 0x32});
    EXPECT_EQ(length(expected::kWrmsr).error(), Errc::NotFound);
    guest_.code(Guest::kCode, {0x0f, 0x0b});
    EXPECT_EQ(length(expected::kCpuid).error(), Errc::NotFound);
    guest_.code(Guest::kCode,
                {0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66});
    EXPECT_EQ(length(expected::kCpuid).error(), Errc::NotFound);
}

TEST_F(LengthOf, AtTheEndOfAPage) {
    for (unsigned before_end : {2u, 3u, 4u, 5u}) { // whole, in the last bytes, with and without a page behind
        island(before_end, {0x0f, 0xa2, 0x90, 0x90, 0x90});
        EXPECT_EQ(*length(expected::kCpuid), 2) << before_end;
    }
}

TEST_F(LengthOf, AcrossPages) {
    map_next();
    island(1, {0x0f, 0xa2});
    EXPECT_EQ(*length(expected::kCpuid), 2);
    island(2, {0x66, 0x0f, 0xa2});
    EXPECT_EQ(*length(expected::kCpuid), 3);
}

TEST_F(LengthOf, NextPageNotThere) {
    island(1, {0x0f, 0xa2});
    EXPECT_EQ(length(expected::kCpuid).error(), Errc::NotFound);
}

// Firmware runs from where the VMM does not read.
TEST_F(LengthOf, NotInRam) {
    guest().paging = {0, 0, 0, 0};
    guest().code = CodeSize::Bits16;
    guest().cs_base = 0xffff0000;
    guest().rip = 0xfff0;
    EXPECT_EQ(*length(expected::kCpuid), 2);
    EXPECT_EQ(*length(expected::kXsetbv), 3);
}

TEST_F(LengthOf, SixteenBitCode) {
    guest().paging = {0, 0, 0, 0};
    guest().code = CodeSize::Bits16;
    guest().cs_base = 0x1000;
    guest().rip = 0x234;
    guest_.code(0x1234, {0x66, 0x0f, 0xa2});
    EXPECT_EQ(*length(expected::kCpuid), 3);
}

class DecodeAt : public LengthOf {
  protected:
    Result<const Instruction *> at() { return decode_at(vcpu()); }
    static constexpr std::initializer_list<std::uint8_t> kStore{0x89, 0x07}, kLoad{0x8b, 0x07}; // (%rdi) and eax
};

TEST_F(DecodeAt, SecondTimeFromTheCache) {
    guest_.code(Guest::kCode, kStore);
    const auto first = at();
    ASSERT_TRUE(first);
    EXPECT_EQ((*first)->form, Form::RmReg);
    const Instruction copy = **first;
    const auto second = at();
    EXPECT_EQ(*second, *first); // the same slot
    EXPECT_EQ(**second, copy);
}

// A hit is verified against the bytes, so code may change as it likes.
TEST_F(DecodeAt, ChangedBytesAreDecodedAnew) {
    guest_.code(Guest::kCode, kStore);
    ASSERT_TRUE(at());
    guest_.code(Guest::kCode, kLoad);
    EXPECT_EQ((*at())->form, Form::RegRm);
    guest_.code(Guest::kCode, {0x89, 0x47, 0x10}); // longer, with the same first byte
    EXPECT_EQ((*at())->displacement, 0x10);
    guest_.code(Guest::kCode, {0x0f, 0x0b});
    EXPECT_FALSE(at());
    guest_.code(Guest::kCode, kStore);
    EXPECT_EQ((*at())->form, Form::RmReg);
}

// The instruction's own bytes count and not those behind it.
TEST_F(DecodeAt, ChangesBehindItAreNoChange) {
    guest_.code(Guest::kCode, {0x89, 0x07, 0x11, 0x22});
    const Instruction *first = *at();
    guest_.code(Guest::kCode + 2, {0x33, 0x44});
    cpu().decode_cache.slot(Guest::kCode).instruction.reg = 9; // shows that it is not decoded again
    EXPECT_EQ((*at())->reg, 9);
    EXPECT_EQ(*at(), first);
}

// Another page may lie at the same linear address now.
TEST_F(DecodeAt, ChangedTranslation) {
    guest().rip = Guest::kIsland;
    guest_.code(Guest::kIslandPage, kStore);
    guest_.code(Guest::kIslandNext, kLoad);
    EXPECT_EQ((*at())->form, Form::RmReg);
    guest_.map_island(0, Guest::kIslandNext | 3);
    EXPECT_EQ((*at())->form, Form::RegRm);
    guest_.map_island(0, 0);
    EXPECT_FALSE(at());
}

TEST_F(DecodeAt, OtherCodeSize) {
    guest_.code(Guest::kCode, {0x48, 0x89, 0x07}); // in 32-bit code: dec %eax
    EXPECT_EQ((*at())->width, 8);
    guest().code = CodeSize::Bits32;
    EXPECT_FALSE(at());
    guest().code = CodeSize::Bits64;
    EXPECT_EQ((*at())->width, 8);
}

TEST_F(DecodeAt, EndOfAPage) {
    for (unsigned before_end : {2u, 15u, 16u, 17u}) {
        island(before_end, {0x89, 0x07});
        EXPECT_EQ((*at())->form, Form::RmReg) << before_end;
        island(before_end, {0x8b, 0x07}); // never an old answer
        EXPECT_EQ((*at())->form, Form::RegRm) << before_end;
    }
    island(1, {0x89, 0x07});
    EXPECT_EQ(at().error(), Errc::Truncated);
    map_next();
    EXPECT_EQ((*at())->form, Form::RmReg);
    guest_.put<std::uint8_t>(Guest::kIslandNext, 0x0f); // (%rdi), %ecx by now
    EXPECT_EQ((*at())->reg, 1);
}

// Instructions whose addresses fall into one slot: each is found right, at the price of decoding it again.
TEST_F(DecodeAt, SlotConflicts) {
    auto &cache = cpu().decode_cache;
    std::uint64_t other = Guest::kCode + 16;
    while (&cache.slot(other) != &cache.slot(Guest::kCode))
        other += 16;
    guest_.code(Guest::kCode, kStore);
    guest_.code(other, kLoad);
    for (unsigned i = 0; i < 3; i++) {
        guest().rip = Guest::kCode;
        EXPECT_EQ((*at())->form, Form::RmReg);
        guest().rip = other;
        EXPECT_EQ((*at())->form, Form::RegRm);
    }
}

TEST_F(DecodeAt, WhatIsNoDataAccess) {
    guest_.code(Guest::kCode, {0x0f, 0xa2});
    EXPECT_EQ(at().error(), Errc::Unsupported);
    guest_.code(Guest::kCode, {0x89, 0xc8}); // register to register
    EXPECT_EQ(at().error(), Errc::Unsupported);
}

} // namespace
} // namespace vmm::test
