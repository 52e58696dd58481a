// SPDX-License-Identifier: GPL-2.0-only
// Decoded as the CPU does: SDM volume 3A, 3.4.5 and 6.14.1.
#include "vmnix/early.h"

#include <cstring>
#include <gtest/gtest.h>
#include <memory>

namespace vmnix_unit {
namespace {

constexpr std::uint64_t kVa = 0xffffc90001234000, kNmi = 0xffffffffc0abc123, kMachineCheck = 0xffffffffc0abc456;

class Early : public testing::Test {
  protected:
    Early() { vmnix_early_fill(page_.get(), kVa, kNmi, kMachineCheck); }

    // As LGDT and LIDT read their operands.
    struct Table {
        std::uint16_t limit;
        std::uint64_t base;
    };
    static Table table_at(const void *operand) {
        Table table{};
        std::memcpy(&table.limit, operand, 2);
        std::memcpy(&table.base, static_cast<const char *>(operand) + 2, 8);
        return table;
    }
    template <class T> T read(std::uint64_t va) const {
        T value;
        EXPECT_LE(va - kVa, sizeof(vmnix_handover_cpu) - sizeof(T)); // in the page
        std::memcpy(&value, reinterpret_cast<const char *>(page_.get()) + (va - kVa), sizeof(T));
        return value;
    }
    std::uint64_t descriptor(std::uint16_t selector) const {
        const Table gdt = table_at(&page_->early_gdtr_limit);
        EXPECT_LE(selector + 7u, gdt.limit);
        return read<std::uint64_t>(gdt.base + selector);
    }

    std::unique_ptr<vmnix_handover_cpu> page_ = std::make_unique<vmnix_handover_cpu>();
};

TEST_F(Early, SegmentsAreFlat) {
    for (std::uint16_t selector : {VMNIX_CS, VMNIX_SS}) {
        const std::uint64_t d = descriptor(selector);
        EXPECT_EQ(d >> 44 & 0xf, 0x9u); // present, CPL 0, no system segment
        EXPECT_EQ(d & 0xffff, 0xffffu);
        EXPECT_EQ(d >> 48 & 0xf, 0xfu);
        EXPECT_EQ((d >> 16 & 0xffffff) | (d >> 56), 0u); // base
        EXPECT_EQ(d >> 40 & 1, 1u);                      // accessed: nothing is written
    }
    EXPECT_EQ(descriptor(VMNIX_CS) >> 40 & 0xe, 0xau); // code, readable
    EXPECT_EQ(descriptor(VMNIX_CS) >> 53 & 3, 1u);     // 64-bit
    EXPECT_EQ(descriptor(VMNIX_SS) >> 40 & 0xe, 0x2u); // data, writable
    EXPECT_EQ(descriptor(0), 0u);
}

TEST_F(Early, OnlyNmiAndMachineCheckHaveGates) {
    const Table idt = table_at(&page_->early_idtr_limit);
    EXPECT_EQ(idt.limit, VMNIX_EARLY_VECTORS * 16 - 1);
    for (unsigned vector = 0; vector < VMNIX_EARLY_VECTORS; vector++) {
        const auto low = read<std::uint64_t>(idt.base + vector * 16),
                   high = read<std::uint64_t>(idt.base + vector * 16 + 8);
        const std::uint64_t handler = vector == 2 ? kNmi : vector == 18 ? kMachineCheck : 0;
        EXPECT_EQ((low & 0xffff) | (low >> 32 & 0xffff0000) | high << 32, handler) << vector;
        EXPECT_EQ(low >> 16 & 0xffff, handler ? VMNIX_CS : 0u) << vector;
        EXPECT_EQ(low >> 32 & 0xffff, handler ? 0x8e00u : 0u) << vector; // interrupt gate, CPL 0, no IST
    }
}

// What the handlers reach from the IDT's address, and the stack.
TEST_F(Early, HandlersFindTheirCounters) {
    EXPECT_EQ(page_->console_va, kVa);
    const std::uint64_t idt = table_at(&page_->early_idtr_limit).base;
    page_->early_nmis = 7;
    page_->early_machine_checks = 9;
    EXPECT_EQ(read<std::uint32_t>(idt - VMNIX_OFF_EARLY_IDT + VMNIX_OFF_EARLY_NMIS), 7u);
    EXPECT_EQ(read<std::uint32_t>(idt - VMNIX_OFF_EARLY_IDT + VMNIX_OFF_EARLY_MACHINE_CHECKS), 9u);
    EXPECT_LE(VMNIX_OFF_EARLY_STACK_TOP, 4096);
    EXPECT_EQ(VMNIX_OFF_EARLY_STACK_TOP % 16, 0);
}

} // namespace
} // namespace vmnix_unit
