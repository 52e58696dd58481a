// SPDX-License-Identifier: GPL-2.0-only
// The assertion build (make CHECKS=on): what silicon would punish and emulators forgive stops the VMM with a report.
//   - the entry oracle: the manual's consistency checks on the control block;
//   - missing flushes: translations must be flushed when the VMM changed what they depend on, or the nested tables.
#pragma once

#include "vmm/checks/translation.hpp"
#include "vmm/core/vmm.hpp"

namespace vmm::checks {

struct Seen {
    Translation at_exit;
    std::uint32_t generation = 0; // of the nested tables at the last flush
    bool entered = false;
};

inline constinit Seen seen[VMNIX_MAX_CPUS];

template <class V> void after_exit(V v) {
    seen[v.cpu().index].at_exit = v.translation();
}

// The CPU that changed the tables posts its request a moment later; only one that never comes is a mistake.
inline bool flush_is_on_its_way(const Cpu &cpu) {
    constexpr unsigned kPatience = 1000000;
    for (unsigned i = 0; i < kPatience; i++)
        if (cpu.console.mailbox.any() || cpu.orders.load() != 0)
            return true;
    return false;
}

// Another world's turn begins: what was seen was the last one's.
inline void forget(const Cpu &cpu) {
    seen[cpu.index].entered = false;
}

template <class V> void before_entry(V v) {
    Seen &mine = seen[v.cpu().index];
    const std::uint32_t generation = g_vmm.nested_generation.load();
    if (const char *fault = v.entry_fault())
        panic(fault, __FILE__, __LINE__);
    if (v.world().vm) {
        // A VM's tables do not change while it lives, and its ASID is new on this CPU or its own.
    } else if (v.flushes()) {
        mine.generation = generation;
    } else {
        if (mine.entered && v.translation() != mine.at_exit)
            panic("translations depend on what was changed without a flush", __FILE__, __LINE__);
        if (mine.generation != generation && !flush_is_on_its_way(v.cpu()))
            panic("the nested tables were changed without a flush", __FILE__, __LINE__);
    }
    mine.entered = true;
}

} // namespace vmm::checks
