// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <string>
#include <string_view>

#include "console/base/output.hpp"

namespace console {

enum class Tone { Plain, Strong, Faint, Good, Bad, Doubt };

// Colours, or none.
class Style {
  public:
    explicit Style(bool colours) : colours_(colours) {}
    // Colours only on a terminal that has them, and not when the user set NO_COLOR (https://no-color.org).
    static Style suited_to(const Output &output);

    std::string paint(Tone tone, std::string_view text) const;

  private:
    bool colours_;
};

} // namespace console
