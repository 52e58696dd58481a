// SPDX-License-Identifier: GPL-2.0-only
#include "zydis_oracle.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace vmm::test {
namespace {

using Bytes = std::array<std::uint8_t, 15>;

constexpr unsigned kMostReports = 20;

class Differential : public testing::TestWithParam<CodeSize> {
  protected:
    void compare(std::span<const std::uint8_t> bytes) {
        const std::string difference = disagreement(bytes, GetParam());
        if (difference.empty())
            return;
        ADD_FAILURE() << to_hex(bytes) << ": " << difference;
        if (++reports_ == kMostReports)
            GTEST_FAIL() << "and more";
    }

    bool enough() const { return reports_ >= kMostReports; }

    void fill(std::span<std::uint8_t> bytes) {
        std::ranges::generate(bytes, [this] { return static_cast<std::uint8_t>(random_()); });
    }

    std::mt19937 random_{20240607};

  private:
    unsigned reports_ = 0;
};

INSTANTIATE_TEST_SUITE_P(Code, Differential, testing::ValuesIn(kCodeSizes), [](const auto &parameter) {
    return "Bits" + std::to_string(16 << static_cast<unsigned>(parameter.param));
});

TEST_P(Differential, RandomBytes) {
    for (unsigned i = 0; i < 1'000'000 && !enough(); ++i) {
        Bytes bytes;
        fill(bytes);
        compare(bytes);
    }
}

// Random bytes rarely hold more than one prefix or an escape; these do.
TEST_P(Differential, RandomBytesAfterPrefixes) {
    constexpr std::array<std::uint8_t, 20> kHeads{0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x26, 0x2e, 0x36, 0x3e, 0x64,
                                                  0x65, 0x40, 0x41, 0x48, 0x4f, 0x0f, 0x0f, 0x0f, 0x62, 0xc4};
    for (unsigned i = 0; i < 500'000 && !enough(); ++i) {
        Bytes bytes;
        fill(bytes);
        std::generate_n(bytes.begin(), random_() % 5, [&] { return kHeads[random_() % kHeads.size()]; });
        const std::size_t size = i % 4 ? bytes.size() : random_() % bytes.size();
        compare(std::span(bytes).first(size));
    }
}

// Each opcode of the one-byte map and of that of 0F with each ModRM, after each of these prefixes.
TEST_P(Differential, EveryOpcodeWithEveryModRm) {
    const std::vector<std::vector<std::uint8_t>> kPrefixes{
        {}, {0x66}, {0x67}, {0xf0}, {0xf2}, {0xf3}, {0x48}, {0x45}, {0x64}, {0x66, 0xf2}, {0x66, 0x4f}, {0xf0, 0x4c}};
    for (const auto &prefix : kPrefixes) {
        for (unsigned value = 0; value < 2 * 256 * 256 && !enough(); ++value) {
            Bytes bytes;
            fill(bytes);
            auto at = std::ranges::copy(prefix, bytes.begin()).out;
            if (value >> 16)
                *at++ = 0x0f;
            *at++ = static_cast<std::uint8_t>(value >> 8);
            *at = static_cast<std::uint8_t>(value);
            compare(bytes);
        }
    }
}

// Each SIB byte with each ModRM that has one, and each REX, on a load and a store.
TEST_P(Differential, EverySib) {
    for (unsigned value = 0; value < 3 * 256 * 16 && !enough(); ++value) {
        Bytes bytes;
        fill(bytes);
        bytes[0] = static_cast<std::uint8_t>(0x40 | (value >> 8 & 15));
        bytes[1] = value & 1 ? 0x89 : 0x8b;
        bytes[2] = static_cast<std::uint8_t>(value >> 12 << 6 | (random_() & 7) << 3 | 4);
        bytes[3] = static_cast<std::uint8_t>(value);
        compare(bytes);
        compare(std::span(bytes).subspan(1)); // without REX, for the other modes
    }
}

} // namespace
} // namespace vmm::test
