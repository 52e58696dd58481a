// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "console/base/environment.hpp"
#include "console/base/exit_code.hpp"
#include "console/base/failure.hpp"
#include "console/text/json.hpp"

namespace console {

// Tells how a command went that takes several names: each on its own, the first failure's code at the end.
class ByName {
  public:
    ByName(Environment &environment, bool json) : environment_(environment), json_(json) {}

    // Does it for each; a Failure does not keep the others from their turn. The text is what was done.
    void each(const std::vector<std::string> &names, const std::function<std::string(const std::string &)> &action);
    void done(const std::string &name, const std::string &text);
    void failed(const std::string &name, const Failure &failure);
    ExitCode finish(); // writes the JSON

  private:
    Environment &environment_;
    bool json_;
    Json results_ = Json::array();
    ExitCode code_ = ExitCode::Ok;
};

} // namespace console
