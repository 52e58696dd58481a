// SPDX-License-Identifier: GPL-2.0-only
// In place of world_switch.S: what "runs" in the guest is a function of the test.
#pragma once

#include "vmm/core/cpu.hpp"

#include <functional>

namespace vmm::test {

// Called on each CPU that enters its guest; returns when the exit loop would.
inline std::function<void(Cpu &)> g_guest = [](Cpu &) {};

} // namespace vmm::test
