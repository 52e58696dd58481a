// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <string>
#include <vector>

#include "console/text/style.hpp"

namespace console {

// Labelled lines: labels in a column of their own, long texts wrapped beside them.
class Sheet {
  public:
    void add(std::string label, std::string text, Tone tone = Tone::Plain);
    // width 0: nothing is wrapped.
    std::string render(const Style &style, unsigned width) const;

  private:
    struct Line {
        std::string label;
        std::string text;
        Tone tone;
    };
    std::vector<Line> lines_;
};

// Splits at blanks into lines of at most `width` characters; a longer word stays whole. Width 0 splits nothing.
std::vector<std::string> wrap(const std::string &text, unsigned width);

} // namespace console
