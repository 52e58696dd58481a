// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/decode/decode.hpp"

#include "vmm/decode/decoder.hpp"

namespace vmm {

Result<Instruction> decode(std::span<const std::uint8_t> bytes, CodeSize code) {
    Result<Instruction> result{Decoder::blank()};
    if (const auto done = Decoder(bytes, code, *result).run(); !done) [[unlikely]]
        result = done.error();
    return result;
}

Result<Instruction> decode_data_access(std::span<const std::uint8_t> bytes, CodeSize code) {
    auto result = decode(bytes, code);
    if (result && !is_data_access(*result)) [[unlikely]]
        result = Errc::Unsupported;
    return result;
}

} // namespace vmm
