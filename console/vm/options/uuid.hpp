// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace console {

using Uuid = std::array<std::uint8_t, 16>;

Uuid random_uuid();                                    // RFC 9562, version 4
std::optional<Uuid> parse_uuid(std::string_view text); // 8-4-4-4-12 hexadecimal digits
std::string uuid_text(const Uuid &uuid);
std::string uuid_text(const std::uint8_t (&uuid)[16]);

} // namespace console
