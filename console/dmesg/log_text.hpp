// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace console {

// All but printable ASCII as \xNN: a log line may quote what a guest chose, and must not command the reader's terminal.
std::string printable(std::string_view text);

// A line of the log, "[seconds.microseconds] text".
struct LogLine {
    std::optional<double> seconds; // since the launch; none if the line does not begin so
    std::string text;

    static LogLine parse(std::string_view line);
};

// Puts the pieces that reads return together to lines.
class LineSplitter {
  public:
    std::vector<std::string> feed(std::string_view piece); // the lines that it completes, without newline
    std::string rest();                                    // the line that never ended; empties it

  private:
    std::string pending_;
};

} // namespace console
