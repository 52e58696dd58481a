// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <exception>
#include <string>
#include <utility>

namespace console {

// A value that an option does not take: what is wrong and what can be given. Who catches it knows where it was written.
class BadValue : public std::exception {
  public:
    explicit BadValue(std::string cause) : cause_(std::move(cause)) {}
    const char *what() const noexcept override { return cause_.c_str(); }

  private:
    std::string cause_;
};

} // namespace console
