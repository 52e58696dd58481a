// SPDX-License-Identifier: GPL-2.0-only
// gtest's main, and --reap: end emulators that interrupted runs of this build left behind.
#include "tests/machine/harness/host.hpp"

#include <cstring>
#include <gtest/gtest.h>

int main(int argc, char **argv) {
    if (argc == 2 && std::strcmp(argv[1], "--reap") == 0) {
        harness::Host::reap_all();
        return 0;
    }
    testing::InitGoogleTest(&argc, argv);
    return RUN_ALL_TESTS();
}
