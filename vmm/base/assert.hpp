// SPDX-License-Identifier: GPL-2.0-only
// Broken invariants stop the machine with a report; they are never a way to refuse input.
#pragma once

namespace vmm {

[[noreturn]] void panic(const char *what, const char *file, int line);

} // namespace vmm

#define VMM_ASSERT(condition)                                                                                          \
    do {                                                                                                               \
        if (!(condition)) [[unlikely]]                                                                                 \
            ::vmm::panic(#condition, __FILE__, __LINE__);                                                              \
    } while (0)
