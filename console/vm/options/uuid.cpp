// SPDX-License-Identifier: GPL-2.0-only
#include "console/vm/options/uuid.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <sys/random.h>

#include "console/base/failure.hpp"
#include "console/text/units.hpp"

namespace console {

namespace {

constexpr std::array<std::size_t, 4> dashes{8, 13, 18, 23};

} // namespace

Uuid random_uuid() {
    Uuid uuid{};
    while (::getrandom(uuid.data(), uuid.size(), 0) != static_cast<ssize_t>(uuid.size()))
        if (errno != EINTR)
            throw Failure(ExitCode::Failure, std::string("no random numbers for a UUID: ") + std::strerror(errno),
                          "give one: --uuid");
    uuid[6] = static_cast<std::uint8_t>((uuid[6] & 0x0f) | 0x40); // version, section 4.2
    uuid[8] = static_cast<std::uint8_t>((uuid[8] & 0x3f) | 0x80); // variant, section 4.1
    return uuid;
}

std::optional<Uuid> parse_uuid(std::string_view text) {
    if (text.size() != 36)
        return std::nullopt;
    std::string digits;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool dash = std::find(dashes.begin(), dashes.end(), i) != dashes.end();
        if (dash != (text[i] == '-'))
            return std::nullopt;
        if (!dash)
            digits += text[i];
    }
    Uuid uuid{};
    for (std::size_t i = 0; i < uuid.size(); ++i) {
        const char *first = digits.data() + 2 * i;
        const auto [stop, error] = std::from_chars(first, first + 2, uuid[i], 16);
        if (error != std::errc() || stop != first + 2)
            return std::nullopt;
    }
    return uuid;
}

std::string uuid_text(const Uuid &uuid) {
    std::string text = hex_bytes(uuid);
    for (const std::size_t dash : dashes)
        text.insert(dash, 1, '-');
    return text;
}

std::string uuid_text(const std::uint8_t (&uuid)[16]) {
    return uuid_text(std::to_array(uuid));
}

} // namespace console
