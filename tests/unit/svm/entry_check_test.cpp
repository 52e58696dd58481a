// SPDX-License-Identifier: GPL-2.0-only
// APM vol. 2, 15.5.1: a block that VMRUN takes, and one that breaks each rule.
#include "vmm/svm/entry_check.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <string>

namespace vmm::svm {
namespace {

constexpr EntryLimits kLimits{40, 0x01ff'ffff, 0x7fffff};

Vmcb valid() {
    Vmcb vmcb{};
    vmcb.save.efer = x86::efer::SVME | x86::efer::LME | x86::efer::LMA | x86::efer::NXE | x86::efer::SCE;
    vmcb.save.cr0 = 0x80050033;
    vmcb.save.cr3 = 0x1000;
    vmcb.save.cr4 = x86::cr4::PAE | x86::cr4::PGE;
    vmcb.save.dr6 = 0xffff0ff0;
    vmcb.save.dr7 = 0x400;
    vmcb.save.rflags = 2;
    vmcb.save.cs = {0x10, 0xa9b, 0xffffffff, 0};
    vmcb.control.intercept4 = intercept::Vmrun;
    vmcb.control.asid = 1;
    vmcb.control.msrpm_base = 0x10000;
    vmcb.control.iopm_base = 0x20000;
    vmcb.control.nested_control = 1;
    vmcb.control.n_cr3 = 0x30000;
    return vmcb;
}

constexpr std::uint64_t exception(std::uint8_t vector) {
    return event::Valid | event::TypeField::make(event::Exception) | event::VectorField::make(vector);
}

struct Case {
    const char *what;
    void (*change)(Vmcb &);
};

std::string fault(const std::function<void(Vmcb &)> &change) {
    Vmcb vmcb = valid();
    change(vmcb);
    const char *const what = entry_fault(vmcb, kLimits);
    return what ? what : "";
}

TEST(EntryCheck, ValidBlocksPass) {
    constexpr Case kCases[] = {
        {"long mode", [](Vmcb &) {}},
        {"real mode after INIT",
         [](Vmcb &b) {
             b.save.efer = x86::efer::SVME;
             b.save.cr0 = 0x60000010;
             b.save.cr3 = b.save.cr4 = 0;
         }},
        {"caches off", [](Vmcb &b) { b.save.cr0 |= x86::cr0::CD | x86::cr0::NW; }},
        {"CD alone", [](Vmcb &b) { b.save.cr0 |= x86::cr0::CD; }},
        {"compatibility mode", [](Vmcb &b) { b.save.cs.attributes = 0xc9b; }},
        {"LME before paging",
         [](Vmcb &b) {
             b.save.cr0 &= ~(x86::cr0::PG | x86::cr0::PE);
             b.save.cr4 = 0;
         }},
        {"PCID", [](Vmcb &b) { b.save.cr3 = 0x1fff; }},
        {"five levels", [](Vmcb &b) { b.save.cr4 |= x86::cr4::LA57; }},
        {"no nested paging", [](Vmcb &b) { b.control.nested_control = b.control.n_cr3 = 0; }},
        {"maps at the end of memory",
         [](Vmcb &b) {
             b.control.msrpm_base = (1ull << 40) - 0x2000;
             b.control.iopm_base = (1ull << 40) - 0x3000;
             b.control.n_cr3 = (1ull << 40) - 0x1000;
         }},
        {"page fault injected", [](Vmcb &b) { b.control.event_inj = exception(14) | event::HasError; }},
        {"NMI injected",
         [](Vmcb &b) { b.control.event_inj = event::Valid | event::TypeField::make(event::NmiType) | 2; }},
        {"interrupt injected", [](Vmcb &b) { b.control.event_inj = event::Valid | 0xf0; }},
        {"nothing injected", [](Vmcb &b) { b.control.event_inj = event::TypeField::make(event::Exception) | 2; }},
    };
    for (const Case &one : kCases)
        EXPECT_EQ(fault(one.change), "") << one.what;
}

TEST(EntryCheck, EachBrokenRuleIsNamed) {
    constexpr std::uint64_t kBeyond = 1ull << 40;
    constexpr Case kCases[] = {
        {"EFER.SVME is clear", [](Vmcb &b) { b.save.efer &= ~x86::efer::SVME; }},
        {"CR0.CD is clear and NW set", [](Vmcb &b) { b.save.cr0 |= x86::cr0::NW; }},
        {"CR0 has bits above 31", [](Vmcb &b) { b.save.cr0 |= bit(32); }},
        {"CR0 has bits above 31", [](Vmcb &b) { b.save.cr0 |= bit(63); }},
        {"CR3 has reserved bits", [](Vmcb &b) { b.save.cr3 |= kBeyond; }},
        {"CR4 has reserved bits", [](Vmcb &b) { b.save.cr4 |= bit(31); }},
        {"CR4 has reserved bits", [](Vmcb &b) { b.save.cr4 |= bit(63); }},
        {"DR6 has bits above 31", [](Vmcb &b) { b.save.dr6 |= bit(32); }},
        {"DR7 has bits above 31", [](Vmcb &b) { b.save.dr7 |= bit(63); }},
        {"EFER has reserved bits", [](Vmcb &b) { b.save.efer |= bit(40); }},
        {"long mode without CR4.PAE", [](Vmcb &b) { b.save.cr4 = 0; }},
        {"long mode without CR0.PE", [](Vmcb &b) { b.save.cr0 &= ~x86::cr0::PE; }},
        {"CS has L and D", [](Vmcb &b) { b.save.cs.attributes = 0xe9b; }},
        {"VMRUN is not intercepted", [](Vmcb &b) { b.control.intercept4 = ~intercept::Vmrun; }},
        {"the MSR map is beyond memory", [](Vmcb &b) { b.control.msrpm_base = kBeyond - 0x1000; }},
        {"the MSR map is beyond memory", [](Vmcb &b) { b.control.msrpm_base = ~0xfffull; }},
        {"the I/O map is beyond memory", [](Vmcb &b) { b.control.iopm_base = kBeyond - 0x2000; }},
        {"the I/O map is beyond memory", [](Vmcb &b) { b.control.iopm_base = 0x800; }},
        {"ASID is 0", [](Vmcb &b) { b.control.asid = 0; }},
        {"nCR3 is beyond memory", [](Vmcb &b) { b.control.n_cr3 = kBeyond; }},
        {"nCR3 is beyond memory", [](Vmcb &b) { b.control.n_cr3 = 0xffff'ffff'ffff'f000; }},
        {"an exception of an impossible vector is injected", [](Vmcb &b) { b.control.event_inj = exception(2); }},
        {"an exception of an impossible vector is injected", [](Vmcb &b) { b.control.event_inj = exception(32); }},
        {"an exception of an impossible vector is injected", [](Vmcb &b) { b.control.event_inj = exception(255); }},
    };
    for (const Case &one : kCases)
        EXPECT_EQ(fault(one.change), one.what);
}

// Types 1 and 5 to 7 of EVENTINJ are reserved: 15.20.
TEST(EntryCheck, ReservedEventTypes) {
    for (unsigned type : {1u, 5u, 6u, 7u})
        EXPECT_EQ(fault([&](Vmcb &b) { b.control.event_inj = event::Valid | type << 8 | 0x40; }),
                  "an event of a reserved type is injected")
            << type;
    EXPECT_EQ(fault([&](Vmcb &b) { b.control.event_inj = event::Valid | 4 << 8 | 0x80; }), ""); // software interrupt
}

TEST(EntryCheck, LimitsComeFromTheCpu) {
    Vmcb vmcb = valid();
    vmcb.control.n_cr3 = 1ull << 45;
    EXPECT_STREQ(entry_fault(vmcb, kLimits), "nCR3 is beyond memory");
    EXPECT_EQ(entry_fault(vmcb, {48, kLimits.valid_cr4, kLimits.valid_efer}), nullptr);
    EXPECT_STREQ(entry_fault(valid(), {40, 0, kLimits.valid_efer}), "CR4 has reserved bits");
    EXPECT_STREQ(entry_fault(valid(), {40, kLimits.valid_cr4, 0}), "EFER has reserved bits");
    test::Hardware hardware; // 40 bits
    test::play(&hardware);
    EXPECT_EQ(entry_limits().physical_bits, 40u);
    EXPECT_EQ(entry_fault(valid(), entry_limits()), nullptr);
    test::play(nullptr);
}

} // namespace
} // namespace vmm::svm
