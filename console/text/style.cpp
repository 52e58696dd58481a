// SPDX-License-Identifier: GPL-2.0-only
#include "console/text/style.hpp"

#include <cstdlib>

namespace console {

namespace {

std::string_view sequence(Tone tone) {
    switch (tone) {
    case Tone::Plain:
        return "";
    case Tone::Strong:
        return "\x1b[1m";
    case Tone::Faint:
        return "\x1b[2m";
    case Tone::Good:
        return "\x1b[32m";
    case Tone::Bad:
        return "\x1b[1;31m";
    case Tone::Doubt:
        return "\x1b[33m";
    }
    return "";
}

} // namespace

Style Style::suited_to(const Output &output) {
    const char *no_color = std::getenv("NO_COLOR");
    const char *term = std::getenv("TERM");
    const bool refused = no_color && *no_color;
    const bool capable = term && *term && std::string_view(term) != "dumb";
    return Style(output.is_terminal() && capable && !refused);
}

std::string Style::paint(Tone tone, std::string_view text) const {
    if (!colours_ || tone == Tone::Plain || text.empty())
        return std::string(text);
    return std::string(sequence(tone)).append(text).append("\x1b[0m");
}

} // namespace console
