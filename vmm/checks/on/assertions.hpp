// SPDX-License-Identifier: GPL-2.0-only
// Whether instructions that are not to fail are asked each time whether they did.
#pragma once

namespace vmm::checks {

inline constexpr bool kAssertions = true;

} // namespace vmm::checks
