// SPDX-License-Identifier: GPL-2.0-only
// A VM as the command knows it, whatever runs in it.
#pragma once

#include "tests/machine/suites/console.hpp"

namespace suites {

class Vm {
  public:
    // `command` is what starts it.
    Vm(Console &console, std::string name, const std::string &command);
    ~Vm(); // removed, running or not
    Vm(const Vm &) = delete;

    const std::string &name() const { return name_; }
    nlohmann::json info(); // `vmnix info --json`
    std::string state();
    // How it ended: ending and reason of `vmnix info --json`.
    std::string wait_for_end(Seconds limit = Seconds(60));
    void kill();
    // What its console keeps of what it said: `vmnix logs`.
    std::string log();
    bool says(const std::string &text) { return log().find(text) != std::string::npos; }
    // Throws Timeout with its last words.
    void wait_until_says(const std::string &text, Seconds limit = Seconds(60));

  protected:
    Console &console_;

  private:
    std::string name_;
};

// The test kernel (tests/guest) with this command line.
std::string program_line(const std::string &name, const std::string &program, unsigned vcpus,
                         const std::string &options = "");

class ProgramVm : public Vm {
  public:
    ProgramVm(Console &console, const std::string &name, const std::string &program, unsigned vcpus = 1,
              const std::string &options = "")
        : Vm(console, name, program_line(name, program, vcpus, options)) {}
    // The number that it printed after this word.
    std::uint64_t number(const std::string &word);
};

} // namespace suites
