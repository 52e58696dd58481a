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

// The heads of VEX, XOP and EVEX instructions, without the map, which the low bits of the second byte hold.
struct VectorHead {
    std::uint8_t first;
    std::vector<std::uint8_t> maps;
    unsigned payload; // bytes between the map and the opcode
};

// Each opcode of each vector map, with payloads of which many are valid: few registers are extended, most leave the
// second source (vvvv) unused.
TEST_P(Differential, EveryVectorOpcode) {
    const std::vector<VectorHead> kHeads{
        {0xc5, {0}, 0}, {0xc4, {1, 2, 3, 7}, 1}, {0x62, {1, 2, 3, 4, 5, 6}, 2}, {0x8f, {8, 9, 10}, 1}};
    for (const auto &[first, maps, payload] : kHeads) {
        for (unsigned value = 0; value < maps.size() * 256 * 100 && !enough(); ++value) {
            Bytes bytes;
            fill(bytes);
            bytes[0] = first;
            const auto extensions = random_() & 1 ? 0xf0 : 0xe0;
            bytes[1] = static_cast<std::uint8_t>(extensions | maps[value / 25600]);
            const unsigned control = first == 0xc5 ? 1 : 2;
            if (random_() & 3)
                bytes[control] |= 0x78;
            if (first == 0x62)
                bytes[2] |= 0x04;
            bytes[2 + payload] = static_cast<std::uint8_t>(value / 100);
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
