// SPDX-License-Identifier: GPL-2.0-only
// In hosted tests: the real layouts, with the instructions that load them replaced.
#pragma once

#define load_gdt real_load_gdt
#define load_idt real_load_idt
#define load_tables real_load_tables
#define load_tr real_load_tr
#include_next "vmm/x86/descriptors.hpp"
#undef load_gdt
#undef load_idt
#undef load_tables
#undef load_tr

#include "tests/unit/fakes/hardware.hpp"

namespace vmm::x86 {

inline void load_gdt(const Gdt &) {
    test::hardware().trace.emplace_back("lgdt");
}
inline void load_idt(std::uint64_t) {
    test::hardware().trace.emplace_back("lidt");
}
inline void load_tables(const TablePointer &gdt, const TablePointer &idt) {
    const std::uint64_t gdt_base = gdt.base, idt_base = idt.base; // packed, and the pair's constructor takes references
    test::hardware().tables = {gdt_base, idt_base};
}

inline void load_tr() {
    test::hardware().trace.emplace_back("ltr");
}

} // namespace vmm::x86
