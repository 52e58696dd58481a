// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "tests/unit/fakes/vm_host.hpp"

#include <gtest/gtest.h>

namespace vmm::test {

class VmHostFixture : public testing::Test, protected VmHost {
  protected:
    using VmHost::VmHost;

    static void expect_error(const HypercallResult &result, unsigned error) {
        EXPECT_EQ(result.error, error);
        EXPECT_EQ(result.results, 0u);
    }
};

} // namespace vmm::test
