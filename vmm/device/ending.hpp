// SPDX-License-Identifier: GPL-2.0-only
// Ending: how a VM has ended itself.
#pragma once

#include <cstdint>

namespace vmm::device {

enum class Ending : std::uint8_t { None, PowerOff, Reset };

} // namespace vmm::device
