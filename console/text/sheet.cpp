// SPDX-License-Identifier: GPL-2.0-only
#include "console/text/sheet.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <sstream>
#include <utility>

namespace console {

namespace {

constexpr unsigned gap = 2;
constexpr unsigned narrowest = 20; // below this, wrapping hides more than it shows

} // namespace

std::vector<std::string> wrap(const std::string &text, unsigned width) {
    if (width == 0)
        return {text};
    std::vector<std::string> lines{""};
    std::istringstream words(text);
    for (std::string word; words >> word;) {
        std::string &line = lines.back();
        if (line.empty())
            line = word;
        else if (line.size() + 1 + word.size() <= width)
            line.append(" ").append(word);
        else
            lines.push_back(word);
    }
    return lines;
}

void Sheet::add(std::string label, std::string text, Tone tone) {
    lines_.push_back({std::move(label), std::move(text), tone});
}

std::string Sheet::render(const Style &style, unsigned width) const {
    std::size_t indent = 0;
    for (const Line &line : lines_)
        indent = std::max(indent, line.label.size() + gap);
    const unsigned room = width ? std::max(narrowest, width - std::min<unsigned>(width, unsigned(indent))) : 0;

    std::string sheet;
    for (const Line &line : lines_) {
        std::string label = fmt::format("{:<{}}", line.label, indent);
        for (const std::string &part : wrap(line.text, room)) {
            sheet += style.paint(Tone::Faint, label) + style.paint(line.tone, part) + "\n";
            label.assign(indent, ' ');
        }
    }
    return sheet;
}

} // namespace console
