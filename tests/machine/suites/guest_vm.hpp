// SPDX-License-Identifier: GPL-2.0-only
// A VM that a test starts, types to and ends, by the command as a user does it.
#pragma once

#include "tests/machine/suites/vm.hpp"

#include <optional>

namespace suites {

struct VmSetup {
    std::string name = "web";
    unsigned vcpus = 1;
    unsigned memory_mib = 96;
    std::string append;          // beside the console
    std::string kernel;          // of the guest; the console machine's own when empty
    std::string image, initrd;   // instead of those of `kernel`
    std::string options;         // more of `vmnix run`
    Seconds limit = Seconds(90); // for the boot
};

// `vmnix run` with these options, as a shell line.
std::string run_line(const VmSetup &setup);

// At the guest's shell after construction. Its console is attached all the time: what it says is in a file of the
// console machine. Removed with the object, running or not.
class GuestVm : public Vm {
  public:
    // With `waits` false it may still be booting: wait_for_shell() before the first command.
    GuestVm(Console &console, VmSetup setup, bool waits = true);
    ~GuestVm();

    const VmSetup &setup() const { return setup_; }

    // A command at the guest's shell. Throws Timeout with the guest's last words.
    Outcome run(const std::string &command, Seconds limit = Seconds(60));
    std::string must(const std::string &command, Seconds limit = Seconds(60));
    void type(const std::string &line); // and does not wait
    // Until the guest has said both, the one after the other; what was between them.
    std::string wait_for(const std::string &begin, const std::string &end, Seconds limit = Seconds(60));
    void wait_for_shell(Seconds limit = Seconds(90)); // also after a reset
    void reset(Seconds limit = Seconds(90));          // `vmnix reset`, and to the shell again
    std::string screen();                             // all that it said

    void expect_clean_log(std::vector<std::string> expected = {});

  private:
    void attach();
    std::string typing(const std::string &line) const; // as a command of the console machine
    // Does this in the console machine, then waits as wait_for() does.
    std::string after(const std::string &command, const std::string &begin, const std::string &end, Seconds limit);
    void take_over_shell(Seconds limit);
    std::string file(const char *what) const { return "/tmp/vm-" + setup_.name + "." + what; }

    VmSetup setup_;
    unsigned commands_ = 0;
};

// A random word, and the same told by the guest.
void expect_echo(GuestVm &guest);

// All that the VMM was given is somewhere: VMNIX_IOC_MEMORY. Returns it.
nlohmann::json expect_memory_adds_up(Console &console);
// No VM, and nothing given but a package. Waits a little: the driver takes memory back after the VM is gone.
void expect_nothing_given(Console &console);

} // namespace suites
