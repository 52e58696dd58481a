// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/decode/decode.hpp"

#include "vmm/decode/decoder.hpp"

namespace vmm {

Result<Instruction> decode(std::span<const std::uint8_t> bytes, CodeSize code) {
    Result<Instruction> result{Decoder::blank(code)};
    if (const auto done = Decoder(bytes, code, *result).run(); !done) [[unlikely]]
        result = done.error();
    return result;
}

Result<Instruction> decode_data_access(std::span<const std::uint8_t> bytes, CodeSize code) {
    const auto instruction = decode(bytes, code);
    if (instruction && !is_data_access(*instruction)) [[unlikely]]
        return Errc::Unsupported;
    return instruction;
}

} // namespace vmm
