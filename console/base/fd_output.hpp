// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <string>

#include "console/base/output.hpp"

namespace console {

// An open file descriptor, written without a buffer in between.
class FdOutput : public Output {
  public:
    FdOutput(int fd, std::string name);
    void write(std::string_view text) override;
    bool is_terminal() const override { return terminal_; }
    TextSize size() const override;

  private:
    int fd_;
    std::string name_;
    bool terminal_;
};

// Fills the standard descriptors that the caller left closed, so that /dev/vmnix does not become standard output. The
// fillers are opened the wrong way round: using them fails, as it did before.
void reserve_standard_descriptors();

} // namespace console
