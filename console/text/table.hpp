// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <string>
#include <vector>

#include "console/text/style.hpp"

namespace console {

enum class Align { Left, Right };

// Rows and columns of short texts; every column is as wide as its widest cell.
class Table {
  public:
    struct Cell {
        std::string text;
        Tone tone = Tone::Plain;
    };

    // At least `width` wide, so that a table that is drawn again and again stands still.
    void column(std::string title, Align align, std::size_t width = 0);
    void row(std::vector<Cell> cells); // as many as there are columns
    std::string render(const Style &style) const;

  private:
    struct Column {
        std::string title;
        Align align;
        std::size_t width;
    };
    std::string line(const std::vector<Cell> &cells, const Style &style) const;

    std::vector<Column> columns_;
    std::vector<std::vector<Cell>> rows_;
};

} // namespace console
