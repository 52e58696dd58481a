// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <string_view>

namespace console {

// The room for text; 0 means without limit.
struct TextSize {
    unsigned columns = 0;
    unsigned rows = 0;
};

// Where a command writes. A write that fails throws Failure: a full disk must not look like success.
class Output {
  public:
    virtual ~Output() = default;
    virtual void write(std::string_view text) = 0;
    virtual bool is_terminal() const = 0;
    virtual TextSize size() const = 0;
};

} // namespace console
