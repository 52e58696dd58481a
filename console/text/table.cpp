// SPDX-License-Identifier: GPL-2.0-only
#include "console/text/table.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

namespace console {

void Table::column(std::string title, Align align, std::size_t width) {
    width = std::max(width, title.size());
    columns_.push_back({std::move(title), align, width});
}

void Table::row(std::vector<Cell> cells) {
    cells.resize(columns_.size());
    for (std::size_t i = 0; i < cells.size(); ++i)
        columns_[i].width = std::max(columns_[i].width, cells[i].text.size());
    rows_.push_back(std::move(cells));
}

std::string Table::line(const std::vector<Cell> &cells, const Style &style) const {
    std::string text;
    for (std::size_t i = 0; i < cells.size(); ++i) {
        const std::string fill(columns_[i].width - cells[i].text.size(), ' ');
        const std::string painted = style.paint(cells[i].tone, cells[i].text);
        const bool last = i + 1 == cells.size();
        if (columns_[i].align == Align::Right)
            text += fill + painted;
        else
            text += last ? painted : painted + fill;
        text += last ? "\n" : "  ";
    }
    return text;
}

std::string Table::render(const Style &style) const {
    std::vector<Cell> titles;
    for (const Column &column : columns_)
        titles.push_back({column.title, Tone::Strong});
    std::string text = line(titles, style);
    for (const auto &cells : rows_)
        text += line(cells, style);
    return text;
}

} // namespace console
