// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "tests/unit/fakes/vmx_machine.hpp"

#include <gtest/gtest.h>

namespace vmm::test {

class VmxFixture : public testing::Test, protected VmxMachine {
  protected:
    using VmxMachine::VmxMachine;
};

} // namespace vmm::test
