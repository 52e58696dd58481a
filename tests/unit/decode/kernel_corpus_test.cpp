// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/decode/decode.hpp"

#include "zydis_oracle.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace vmm::test {
namespace {

struct Access {
    std::string device;
    std::vector<std::uint8_t> bytes;
};

std::vector<Access> read_corpus() {
    std::ifstream file(std::filesystem::path(__FILE__).replace_filename("kernel_corpus.txt"));
    std::vector<Access> corpus;
    for (std::string line; std::getline(file, line);) {
        if (line.empty() || line[0] == '#')
            continue;
        std::istringstream words(line);
        Access access;
        std::string kernels;
        words >> access.device >> kernels >> std::hex;
        for (unsigned byte = 0; words >> byte;)
            access.bytes.push_back(static_cast<std::uint8_t>(byte));
        corpus.push_back(access);
    }
    return corpus;
}

TEST(KernelCorpus, EveryAccessIsOneThatWeEmulate) {
    const auto corpus = read_corpus();
    ASSERT_EQ(corpus.size(), 40U);
    for (const Access &access : corpus) {
        const auto decoded = decode_data_access(access.bytes, CodeSize::Bits64);
        ASSERT_TRUE(decoded) << to_hex(access.bytes);
        EXPECT_EQ(decoded->length, access.bytes.size()) << to_hex(access.bytes);
        EXPECT_EQ(decoded->width, 4) << "APIC registers have 32 bits: " << to_hex(access.bytes);
        EXPECT_EQ(disagreement(access.bytes, CodeSize::Bits64), "") << to_hex(access.bytes);
        if (access.device == "lapic") {
            EXPECT_EQ(decoded->displacement & ~0xfffLL, static_cast<std::int64_t>(0xffffffffff5fd000));
        }
    }
}

} // namespace
} // namespace vmm::test
