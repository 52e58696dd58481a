// SPDX-License-Identifier: GPL-2.0-only
// Registers that each world has of its own, as a table: how to write one with a pattern and how to read it.
#pragma once

#include <cstdint>

struct SwitchedRegister {
    const char *name;
    bool (*present)();
    std::uint64_t mask, fixed; // bits that a pattern may have, and those it must have
    std::uint64_t (*read)();
    void (*write)(std::uint64_t);
};

extern const SwitchedRegister switched_registers[];
extern const unsigned switched_register_count;
