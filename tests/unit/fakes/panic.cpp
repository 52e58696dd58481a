// SPDX-License-Identifier: GPL-2.0-only
// The VMM's panic() for hosted tests: ends the process with the text, for EXPECT_DEATH to read.
#include "vmm/base/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace vmm {

void panic(const char *what, const char *file, int line) {
    std::fprintf(stderr, "panic: %s at %s:%d\n", what, file, line);
    std::fflush(stderr);
    std::abort();
}

} // namespace vmm
