// SPDX-License-Identifier: GPL-2.0-only
// A pseudo-terminal as a serial line: its other end is a file that an emulator opens.
#pragma once

#include "tests/machine/harness/serial.hpp"

#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>

namespace harness {

class Terminal final : public Serial {
  public:
    explicit Terminal(const std::filesystem::path &log); // what comes is written there too
    ~Terminal() override;

    const std::string &other_end() const { return name_; }
    // From now on what comes is read, until `alive` says no; then `last_words` are added to it.
    void listen(std::function<bool()> alive, std::function<std::string()> last_words);
    void hush(); // neither is called any more

  private:
    std::size_t send(std::string_view text) override;
    bool receive(); // whether something came

    int descriptor_;
    int other_; // kept open: a terminal that nobody has open reads as an error
    std::string name_;
    std::ofstream log_;
    std::atomic<bool> stop_ = false;
    std::thread reader_;
};

} // namespace harness
