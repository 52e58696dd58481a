// SPDX-License-Identifier: GPL-2.0-only
// Any bytes in any mode: no read past their end, agreement with Zydis, and `execute` on whatever comes out.
#include "tests/unit/decode/zydis_oracle.hpp"
#include "vmm/decode/decode.hpp"
#include "vmm/decode/execute.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <vector>

namespace {

void execute_any(const vmm::Instruction &instruction, std::span<const std::uint8_t> seed) {
    std::array<std::uint64_t, 16> registers{};
    for (std::size_t i = 0; i < registers.size() && !seed.empty(); ++i)
        registers[i] = seed[i % seed.size()] * 0x0101'0101'0101'0101ull;
    std::uint64_t flags = seed.empty() ? 0 : seed[0];
    (void)vmm::effective_address(instruction, registers, 0xffff'ffff'8100'0000);
    const auto effect = vmm::execute(instruction, registers[1], registers, flags);
    if (static_cast<bool>(effect) != vmm::is_data_access(instruction))
        std::abort();
    if (!effect)
        return;
    effect->commit(registers, flags);
    if (vmm::is_string(instruction.operation))
        vmm::StringStep::advance(instruction, registers, flags);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
    if (size == 0)
        return 0;
    const vmm::CodeSize code = vmm::test::kCodeSizes[data[0] % vmm::test::kCodeSizes.size()];
    // A copy of its own, so that the sanitizer sees the byte after the last.
    const std::vector<std::uint8_t> bytes(data + 1, data + size);
    const std::string difference = vmm::test::disagreement(bytes, code);
    if (!difference.empty()) {
        std::fprintf(stderr, "%s: %s\n", vmm::test::to_hex(bytes).c_str(), difference.c_str());
        std::abort();
    }
    if (const auto instruction = vmm::decode(bytes, code))
        execute_any(*instruction, std::span(bytes).first(std::min<std::size_t>(bytes.size(), 16)));
    return 0;
}
