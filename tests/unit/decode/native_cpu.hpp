// SPDX-License-Identifier: GPL-2.0-only
// NativeCpu: executes one instruction on the processor that runs the test, with all registers and flags chosen.
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace vmm::test {

struct CpuState {
    std::array<std::uint64_t, 16> registers{}; // in the order of the encoding, RSP included
    std::uint64_t flags = 0;
};

class NativeCpu {
  public:
    NativeCpu();
    ~NativeCpu();
    NativeCpu(const NativeCpu &) = delete;
    NativeCpu &operator=(const NativeCpu &) = delete;

    // Memory below 4 GiB for operands, so that 32-bit addresses reach it.
    std::span<std::uint8_t> memory() const;

    // The address at which `run` places the instruction.
    std::uint64_t instruction_address() const;

    // Executes `instruction`, which must neither branch nor use the stack, and returns the state after it.
    CpuState run(std::span<const std::uint8_t> instruction, const CpuState &before);

  private:
    std::uint8_t *page_;
};

} // namespace vmm::test
