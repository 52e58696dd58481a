// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <string>

#include "console/base/caught_signals.hpp"
#include "console/selftest/selftest_command.hpp"
#include "console/text/json.hpp"
#include "console/vm/record/vm_directory.hpp"

namespace console {

// One VM from its start until it is removed; removed too where something fails or a signal comes.
class VmTrial {
  public:
    VmTrial(Environment &environment, const SelftestOptions &options, VmOptions vm, CaughtSignals &signals)
        : environment_(environment), options_(options), vm_(std::move(vm)), signals_(signals), vms_(environment) {}

    std::string run(Json &seen); // Failure says what was wrong
    // The last lines that the guest wrote; for the terminal only, as a guest may say who it is.
    const std::string &last_words() const { return last_words_; }

  private:
    void wait_for_shell(const VmRecord &vm, double timeout);
    void power_off(const VmRecord &vm);
    void read_console(std::uint32_t id);

    Environment &environment_;
    const SelftestOptions &options_;
    VmOptions vm_;
    CaughtSignals &signals_;
    VmDirectory vms_;
    std::uint64_t position_ = 0;
    std::string log_, last_words_;
};

} // namespace console
