// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "tests/unit/fakes/svm_machine.hpp"

#include <gtest/gtest.h>

namespace vmm::test {

class SvmFixture : public testing::Test, protected SvmMachine {
  protected:
    using SvmMachine::SvmMachine;
};

} // namespace vmm::test
