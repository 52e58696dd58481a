// SPDX-License-Identifier: GPL-2.0-only
// The instruction decoder: lengths for skipping, operands for emulating accesses to device pages.
//
// References: AMD APM vol. 3, 1.1 to 1.8 (encoding), 2.4 (instruction descriptions) and appendix A (opcode maps);
// APM vol. 6 (XOP); Intel SDM vol. 2, chapter 2 (formats) and appendix A (opcode maps).
//
// The bytes are the guest's and may change under our eyes: nothing in them can do harm, and what they say is checked
// against the reason of the exit by the caller. Accepted is every instruction that the manuals define. In the maps
// that hold SSE, AVX and x87 their undefined neighbours are accepted too, with the length that the map's format gives
// (a guest cannot exit on an undefined opcode); whatever has an operation other than Other is decoded strictly.
#pragma once

#include "vmm/base/result.hpp"
#include "vmm/decode/instruction.hpp"

#include <cstdint>
#include <span>

namespace vmm {

// Decodes the instruction at the start of `bytes`; 15 bytes always suffice. Errors:
//   Truncated    more bytes are needed (the next page)
//   Invalid      no instruction, or longer than 15 bytes
//   Unsupported  a near branch with 66 in 64-bit code: AMD and Intel disagree on its length
Result<Instruction> decode(std::span<const std::uint8_t> bytes, CodeSize code);

// As `decode`, and Unsupported unless is_data_access: what an exit on a device page is emulated by.
Result<Instruction> decode_data_access(std::span<const std::uint8_t> bytes, CodeSize code);

} // namespace vmm
