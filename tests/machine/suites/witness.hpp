// SPDX-License-Identifier: GPL-2.0-only
// The console and a VM that watch their own clocks and sums while something else goes on.
#pragma once

#include "tests/machine/suites/guest_vm.hpp"

namespace suites {

// For the VM that is to be a witness: an initial RAM disk with what watches, made in the console machine.
std::string witness_initrd(Console &console);

class Witness {
  public:
    Witness(Console &console, GuestVm &guest); // both watch from now on
    // They stop. Neither was kept from any of its CPUs for longer than this, and no sum was wrong. Prints what was.
    void expect_undisturbed(const std::string &by, double longest_ms);

  private:
    Console &console_;
    GuestVm &guest_;
};

} // namespace suites
