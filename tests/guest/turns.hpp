// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstdint>

// Until about as long has passed as others' turns take, or one of them is seen. How many were; no register but the
// general ones is touched.
std::uint64_t let_others_run();
