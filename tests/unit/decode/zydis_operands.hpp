// SPDX-License-Identifier: GPL-2.0-only
// What of an instruction's operation and operands we and Zydis see differently.
#pragma once

#include "vmm/decode/instruction.hpp"

#include <Zydis/Zydis.h>

#include <span>
#include <string>

namespace vmm::test {

// Empty if all that `ours` says is also what Zydis says; lengths are not compared.
std::string operand_fault(const Instruction &ours, const ZydisDecodedInstruction &theirs,
                          std::span<const ZydisDecodedOperand> operands);

} // namespace vmm::test
