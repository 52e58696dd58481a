// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstdint>

// Waits for most of the time that a round of its caller takes. How many turns of others there seem to have been; no
// register but the general ones is touched.
std::uint64_t let_others_run();
