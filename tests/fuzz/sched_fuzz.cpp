// SPDX-License-Identifier: GPL-2.0-only
// The scheduler under any sequence of operations: its invariants hold after each.
#include "tests/unit/sched/operations.hpp"

#include <cstdio>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
    const std::string problem = vmm::test::Operations().run({data, size});
    if (!problem.empty()) {
        std::fprintf(stderr, "%s\n", problem.c_str());
        std::abort();
    }
    return 0;
}
