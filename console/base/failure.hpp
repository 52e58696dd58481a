// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <exception>
#include <string>
#include <utility>

#include "console/base/exit_code.hpp"

namespace console {

// Why a command cannot go on, what the user can do about it (may be empty), and the exit code that tells scripts.
class Failure : public std::exception {
  public:
    Failure(ExitCode code, std::string cause, std::string remedy = {})
        : code_(code), cause_(std::move(cause)), remedy_(std::move(remedy)) {}

    ExitCode code() const { return code_; }
    const std::string &cause() const { return cause_; }
    const std::string &remedy() const { return remedy_; }
    const char *what() const noexcept override { return cause_.c_str(); }

  private:
    ExitCode code_;
    std::string cause_;
    std::string remedy_;
};

} // namespace console
