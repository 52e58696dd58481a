// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <string>

#include "console/base/environment.hpp"

namespace console {

// The service as an administrator uses it: under systemd by systemctl, otherwise by its script.
class VmmService {
  public:
    explicit VmmService(Environment &environment) : environment_(environment) {}
    // What it said, on one line. Failure says why it did not do it.
    std::string start() { return act("start"); }
    std::string stop() { return act("stop"); }

  private:
    std::string act(const char *action);

    Environment &environment_;
};

} // namespace console
