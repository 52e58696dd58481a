// SPDX-License-Identifier: GPL-2.0-only
// VMNIX_CALL_INIT: what it refuses, and what it builds.
#include "vmm/core/init.hpp"

#include "tests/unit/launch/launch_machine.hpp"
#include "vmm/core/traps.hpp"

#include <gtest/gtest.h>

namespace vmm::test {
namespace {

class InitTest : public testing::Test {
  protected:
    vmnix_handover &handover() { return machine_.handover(); }
    Hardware &hardware() { return machine_.hardware(0); }
    LaunchMachine machine_{2};
};

struct Refusal {
    const char *what;
    void (*change)(LaunchMachine &);
    int status;
};

TEST(InitRefuses, EachBrokenRule) {
    constexpr std::uint64_t kMegabyte = 1 << 20;
    const Refusal rows[] = {
        {"another ABI", [](LaunchMachine &m) { m.handover().abi++; }, VMNIX_ERR_ABI},
        {"another size", [](LaunchMachine &m) { m.handover().size--; }, VMNIX_ERR_ABI},
        {"no CPU", [](LaunchMachine &m) { m.handover().cpu_count = 0; }, VMNIX_ERR_ABI},
        {"more CPUs than fit", [](LaunchMachine &m) { m.handover().cpu_count = VMNIX_MAX_CPUS + 1; }, VMNIX_ERR_ABI},
        {"more memory than fits", [](LaunchMachine &m) { m.handover().memory_count = VMNIX_MAX_MEMORY + 1; },
         VMNIX_ERR_ABI},
        {"more IO-APICs than fit", [](LaunchMachine &m) { m.handover().ioapic_count = VMNIX_MAX_IOAPICS + 1; },
         VMNIX_ERR_ABI},
        {"no clock", [](LaunchMachine &m) { m.handover().tsc_khz = 0; }, VMNIX_ERR_ABI},
        {"no timer clock", [](LaunchMachine &m) { m.handover().apic_timer_khz = 0; }, VMNIX_ERR_ABI},
        {"memory in part of a page", [](LaunchMachine &m) { m.handover().memory[1].base += 8; }, VMNIX_ERR_LAYOUT},
        {"image not at the arena's start", [](LaunchMachine &m) { m.handover().image_base += 0x1000; },
         VMNIX_ERR_LAYOUT},
        {"a CPU's page where the VMM lives",
         [](LaunchMachine &m) { m.handover_cpu(1).console_va = kPhysmapVa + kMegabyte; }, VMNIX_ERR_LAYOUT},
        {"a CPU's page at no page's address", [](LaunchMachine &m) { m.handover_cpu(0).console_va += 8; },
         VMNIX_ERR_LAYOUT},
        {"stub where the VMM lives", [](LaunchMachine &m) { m.handover().stub_va = kPhysmapVa + kMegabyte; },
         VMNIX_ERR_LAYOUT},
        {"arena too small", [](LaunchMachine &m) { m.handover().arena_size = 0x30000; }, VMNIX_ERR_MEMORY},
        {"arena of no whole large pages", [](LaunchMachine &m) { m.handover().arena_size -= 0x1000; }, VMNIX_ERR_CPU},
        {"no SVM",
         [](LaunchMachine &m) {
             m.hardware(0).leaves[{0x80000001, 0}].ecx = 0;
         },
         VMNIX_ERR_CPU},
    };
    for (const Refusal &row : rows) {
        LaunchMachine machine(2);
        row.change(machine);
        EXPECT_EQ(machine.init(), row.status) << row.what;
    }
}

// Whatever the arena's size, there is a clean answer.
TEST_F(InitTest, EverySizeOfArena) {
    unsigned refused = 0;
    for (std::uint64_t pages = 0x20; pages < 0x100; pages += 3) {
        machine_.load();
        handover().arena_free = LaunchMachine::kArena + LaunchMachine::kArenaSize - pages * kPageSize;
        const int status = machine_.init();
        ASSERT_TRUE(status == VMNIX_OK || status == VMNIX_ERR_MEMORY) << pages;
        refused += status != VMNIX_OK;
    }
    EXPECT_GT(refused, 3u);
    EXPECT_LT(refused, 0x100u / 3 - 5);
}

TEST_F(InitTest, UnknownCalls) {
    play(&hardware());
    for (std::uint32_t call : {0u, 3u, ~0u})
        EXPECT_EQ(vmm_call(&machine_.handover_cpu(0), call), VMNIX_ERR_ABI);
}

TEST_F(InitTest, TellsWhatTheModuleNeeds) {
    ASSERT_EQ(machine_.init(), VMNIX_OK);
    EXPECT_EQ(handover().arena_used, g_vmm.frames.next().raw() - LaunchMachine::kArena);
    EXPECT_LT(handover().arena_used, LaunchMachine::kArenaSize);
    for (unsigned i = 0; i < 2; i++) {
        EXPECT_EQ(machine_.handover_cpu(i).vmm_cr3, g_vmm.host.root().raw());
        EXPECT_EQ(machine_.handover_cpu(i).vmm_rsp, kCpuBlockVa + i * kCpuBlockSize + kStackOffset + kStackSize);
    }
    EXPECT_EQ(hardware().cr3, g_vmm.host.root().raw());
    EXPECT_EQ(g_vmm.backend, VMNIX_BACKEND_SVM);
    EXPECT_TRUE(g_vmm.x2apic);
    EXPECT_EQ(g_vmm.ram.at(Gpa(LaunchMachine::kArena)), nullptr); // the arena is no console RAM
    EXPECT_NE(g_vmm.ram.at(Gpa(LaunchMachine::kArena - 1)), nullptr);
}

// On the page's tables: what cannot be held off stays with the page's own handlers, a fault is a report.
TEST_F(InitTest, NmisAreThePagesAndFaultsTheVmms) {
    constexpr unsigned kNmi = 2, kMachineCheck = 18;
    vmnix_handover_cpu &page = machine_.handover_cpu(0);
    const std::uint64_t nmi = page.early_idt[kNmi].low, check = page.early_idt[kMachineCheck].low;
    ASSERT_EQ(machine_.init(), VMNIX_OK);
    EXPECT_EQ(page.early_idt[kNmi].low, nmi);
    EXPECT_EQ(page.early_idt[kMachineCheck].low, check);
    for (unsigned vector = 0; vector < VMNIX_EARLY_VECTORS; vector++)
        if (vector != kNmi && vector != kMachineCheck) {
            const x86::Gate gate = x86::Gate::interrupt(stub_address(vector), 0);
            EXPECT_EQ(page.early_idt[vector].low, gate.low) << vector;
            EXPECT_EQ(page.early_idt[vector].high, gate.high) << vector;
        }
    for (const std::string &done : hardware().trace)
        EXPECT_TRUE(done != "lidt" && done != "lgdt");
}

// Nothing but the arena is written: no MSR, no port, no control register but CR3.
TEST_F(InitTest, FailureNeedsNoUndo) {
    handover().arena_size = 0x30000;
    const auto msrs = hardware().msrs;
    EXPECT_EQ(machine_.init(), VMNIX_ERR_MEMORY);
    EXPECT_EQ(hardware().msrs, msrs);
    EXPECT_TRUE(hardware().port_writes.empty());
}

TEST_F(InitTest, TestCallsByTheModulesWishOnly) {
    ASSERT_EQ(machine_.init(), VMNIX_OK);
    EXPECT_FALSE(g_vmm.features & VMNIX_FEATURE_TEST);
    machine_.load();
    handover().flags = VMNIX_HANDOVER_TEST;
    ASSERT_EQ(machine_.init(), VMNIX_OK);
    EXPECT_TRUE(g_vmm.features & VMNIX_FEATURE_TEST);
}

// EFER's bits by CPUID: what the CPU lacks would be refused by VMRUN.
TEST_F(InitTest, EferBitsByCpuid) {
    using namespace x86::efer;
    hardware().leaves[{0x80000001, 0}].edx = 1u << 29;
    hardware().leaves[{0x80000001, 0}].ecx = 1u << 2;
    ASSERT_EQ(machine_.init(), VMNIX_OK);
    EXPECT_EQ(g_vmm.efer_known, SCE | LME | LMA);
    machine_.load();
    hardware().leaves[{0x80000001, 0}].edx |= 1u << 20 | 1u << 25;
    hardware().leaves[{0x80000001, 0}].ecx |= 1u << 17;
    hardware().leaves[{0x80000021, 0}].eax = 1u << 8;
    ASSERT_EQ(machine_.init(), VMNIX_OK);
    EXPECT_EQ(g_vmm.efer_known, SCE | LME | LMA | NXE | FFXSR | TCE | AIBRSE);
    EXPECT_FALSE(g_vmm.efer_known & SVME);
}

} // namespace
} // namespace vmm::test
