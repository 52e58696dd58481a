// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <optional>
#include <string>

#include "console/base/caught_signals.hpp"
#include "console/base/environment.hpp"
#include "console/vm/console/event_watcher.hpp"
#include "console/vm/console/raw_terminal.hpp"

namespace console {

// Joins a VM's serial console with this program's input and output.
class ConsoleSession {
  public:
    enum class End { Ended, Gone, Left, TimedOut, Interrupted };

    ConsoleSession(Environment &environment, VmmDevice &device, std::uint32_t id, std::optional<double> timeout);
    End run(); // all kept output first

    bool interactive() const { return terminal_.is_terminal(); }

  private:
    enum class Vm { Lives, Ended, Gone };
    Vm show_output();
    void take_input();  // what was typed
    void offer_input(); // to the VM
    void take_signal();
    void wait();
    int patience_ms() const;
    bool late() const;

    Environment &environment_;
    VmmDevice &device_;
    std::uint32_t id_;
    std::optional<double> deadline_;
    CaughtSignals signals_; // before the watcher, whose thread shall not get them
    RawTerminal terminal_;
    EventWatcher watcher_;
    std::uint64_t position_ = 0;
    std::string pending_; // typed, and not taken by the VM yet
    bool input_open_ = true;
    std::optional<End> end_;
};

} // namespace console
