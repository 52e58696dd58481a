// SPDX-License-Identifier: GPL-2.0-only
// The test kernel (tests/guest) as a VM that measures.
#pragma once

#include "tests/machine/suites/console.hpp"

#include <map>
#include <string>
#include <vector>

namespace bench {

inline const std::string kTestKernel = "/usr/lib/vmnix/tests/vmtest.elf";

// By the first word of a line that it prints, the numbers behind it.
using Lines = std::map<std::string, std::vector<double>>;
Lines parse(const std::string &log);

// Runs a program of the test kernel in a VM `vmtest` until it has switched that off.
Lines run_program(suites::Console &console, const std::string &program, unsigned vcpus);

} // namespace bench
