// SPDX-License-Identifier: GPL-2.0-only
// Launch and leave, with every step failing on every CPU in turn.
#include "vmm/core/launch.hpp"

#include "tests/unit/launch/launch_machine.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>

namespace vmm::test {
namespace {

using Statuses = std::vector<int>;

// What a launch that does not happen must leave as it was, and a launch that ended must have put back.
struct Traces {
    std::map<std::uint32_t, std::uint64_t> msrs;
    explicit Traces(const Hardware &hardware) : msrs(hardware.msrs) {
        msrs.erase(x86::msr::Efer); // the module's
        if (msrs[x86::msr::VmHsavePa] == 0)
            msrs.erase(x86::msr::VmHsavePa);
    }
    bool operator==(const Traces &) const = default;
};

std::vector<Traces> traces(LaunchMachine &machine) {
    std::vector<Traces> all;
    for (unsigned i = 0; i < machine.cpus(); i++)
        all.emplace_back(machine.hardware(i));
    return all;
}

class LaunchCpus : public testing::TestWithParam<unsigned> {};
INSTANTIATE_TEST_SUITE_P(Cpus, LaunchCpus, testing::Values(1, 2, 4));

TEST_P(LaunchCpus, LaunchAndLeave) {
    LaunchMachine machine(GetParam());
    ASSERT_EQ(machine.init(), VMNIX_OK);
    EXPECT_TRUE(g_vmm.host.lookup(LaunchMachine::kStubVa).present);
    const auto page_is_mapped = [](unsigned cpu) {
        return g_vmm.host.lookup(LaunchMachine::kPagesVa + cpu * kPageSize).present;
    };
    EXPECT_TRUE(page_is_mapped(GetParam() - 1));
    std::atomic<unsigned> guests{0}, looked{0};
    g_guest = [&](Cpu &cpu) {
        EXPECT_EQ(&cpu, this_cpu_or_null()); // from its stack
        guests++;
        while (guests != machine.cpus())
            x86::pause();
        EXPECT_FALSE(g_vmm.host.lookup(LaunchMachine::kStubVa).present); // while the console runs as a guest
        EXPECT_FALSE(page_is_mapped(cpu.index));
        EXPECT_EQ(std::ranges::count(hardware().trace, "invlpg"), 2); // stub and page
        looked++;
        while (looked != machine.cpus())
            x86::pause();
        leave(cpu);
    };
    const auto before = traces(machine);
    EXPECT_EQ(machine.enter(), Statuses(GetParam(), VMNIX_OK));
    EXPECT_EQ(guests, GetParam());
    EXPECT_TRUE(g_vmm.host.lookup(LaunchMachine::kStubVa).present); // the way out
    EXPECT_NE(machine.log().find("launched on "), std::string::npos);
    for (unsigned i = 0; i < machine.cpus(); i++) {
        const auto &msrs = machine.hardware(i).msrs;
        EXPECT_EQ(msrs.at(x86::msr::Pat), before[i].msrs.at(x86::msr::Pat));
        EXPECT_EQ(msrs.at(x86::msr::VmHsavePa), 0u);
        for (LapicRegister reg : {LapicRegister::LvtTimer, LapicRegister::DivideConfiguration,
                                  LapicRegister::TaskPriority, LapicRegister::LvtLint1, LapicRegister::LvtPmc})
            EXPECT_EQ(msrs.at(x2apic_msr_of(reg)), before[i].msrs.at(x2apic_msr_of(reg)));
        EXPECT_EQ(machine.handover_cpu(i).state.cr3, Guest::paging().cr3);
    }
}

TEST_P(LaunchCpus, AgainAndAgain) {
    LaunchMachine machine(GetParam());
    g_guest = leave;
    for (unsigned i = 0; i < 5; i++) {
        machine.load();
        ASSERT_EQ(machine.init(), VMNIX_OK);
        ASSERT_EQ(machine.enter(), Statuses(GetParam(), VMNIX_OK)) << i;
    }
}

struct Cell {
    unsigned step, cpu, mode;
};

class LaunchFaults : public testing::TestWithParam<Cell> {
  protected:
    void SetUp() override {
        machine_.handover().fault_step = GetParam().step;
        machine_.handover().fault_cpu = GetParam().cpu;
        machine_.handover().fault_mode = GetParam().mode;
        g_guest = leave;
        ASSERT_EQ(machine_.init(), VMNIX_OK);
    }
    void expect_later_launch() {
        machine_.handover().fault_step = VMNIX_STEP_NONE;
        machine_.handover().timeout_tsc = LaunchMachine::kLong;
        machine_.load();
        ASSERT_EQ(machine_.init(), VMNIX_OK);
        EXPECT_EQ(machine_.enter(), Statuses(machine_.cpus(), VMNIX_OK));
    }
    LaunchMachine machine_{3};
};

std::vector<Cell> cells(unsigned mode) {
    std::vector<Cell> all;
    for (unsigned step = VMNIX_STEP_ARRIVE; step < VMNIX_STEP_COUNT; step++)
        for (unsigned cpu = 0; cpu < 3; cpu++)
            all.push_back({step, cpu, mode});
    return all;
}
std::string name(const testing::TestParamInfo<Cell> &info) {
    return "Step" + std::to_string(info.param.step) + "Cpu" + std::to_string(info.param.cpu);
}

class LaunchFails : public LaunchFaults {};
INSTANTIATE_TEST_SUITE_P(Cells, LaunchFails, testing::ValuesIn(cells(VMNIX_FAULT_FAIL)), name);

TEST_P(LaunchFails, RollsBackEverywhere) {
    const auto before = traces(machine_);
    const Statuses statuses = machine_.enter();
    for (unsigned i = 0; i < 3; i++)
        EXPECT_EQ(statuses[i], i == GetParam().cpu ? VMNIX_ERR_INJECTED : VMNIX_ERR_PEER) << i;
    EXPECT_EQ(machine_.handover().failed_cpu, GetParam().cpu);
    EXPECT_EQ(machine_.handover().failed_step, GetParam().step);
    EXPECT_EQ(traces(machine_), before);
    EXPECT_TRUE(g_vmm.host.lookup(LaunchMachine::kStubVa).present); // it is executed on the way back
    for (unsigned i = 0; i < 3; i++) {
        EXPECT_TRUE(g_vmm.host.lookup(LaunchMachine::kPagesVa + i * kPageSize).present);
        const vmnix_handover_cpu &page = machine_.handover_cpu(i);
        EXPECT_EQ(machine_.hardware(i).tables, std::pair(page.early_gdtr_base, page.early_idtr_base));
    }
    expect_later_launch();
}

// Without a GIF they come while the VMM's tables are in force.
TEST_P(LaunchFails, WhatArrivedMeanwhileIsTheConsoles) {
    g_vmm.cpus[1]->arrived.nmis = 2;
    g_vmm.cpus[2]->arrived.machine_checks = 1;
    machine_.enter();
    EXPECT_EQ(machine_.handover_cpu(1).pending_nmi, 2u);
    EXPECT_EQ(machine_.handover_cpu(0).pending_nmi + machine_.handover_cpu(2).pending_nmi, 0u);
    EXPECT_EQ(machine_.handover_cpu(2).early_machine_checks, 1u);
    EXPECT_EQ(g_vmm.cpus[1]->arrived.nmis + g_vmm.cpus[2]->arrived.machine_checks, 0u);
}

class LaunchWedges : public LaunchFaults {};
INSTANTIATE_TEST_SUITE_P(Cells, LaunchWedges, testing::ValuesIn(cells(VMNIX_FAULT_WEDGE)), name);

// On a busy machine any thread may be late; then another one is named, and all is rolled back just the same.
TEST_P(LaunchWedges, TimesOutAndRollsBack) {
    machine_.handover().timeout_tsc = LaunchMachine::kShort;
    g_vmm.launch.expect(3, LaunchMachine::kShort);
    const auto before = traces(machine_);
    const Statuses statuses = machine_.enter();
    EXPECT_EQ(std::ranges::count(statuses, VMNIX_ERR_TIMEOUT), 1); // one gives up, for all
    EXPECT_EQ(std::ranges::count(statuses, VMNIX_ERR_PEER), 2);
    EXPECT_LT(machine_.handover().failed_cpu, 3u);
    EXPECT_EQ(traces(machine_), before);
    expect_later_launch();
}

class LaunchNmis : public LaunchFaults {};
INSTANTIATE_TEST_SUITE_P(Cells, LaunchNmis, testing::ValuesIn(cells(VMNIX_FAULT_NMI)), name);

TEST_P(LaunchNmis, NmiIsSentAndTheLaunchGoesOn) {
    EXPECT_EQ(machine_.enter(), Statuses(3, VMNIX_OK));
    const std::uint64_t nmi = std::uint64_t{GetParam().cpu} << 32 | 0x4400;
    EXPECT_EQ(std::ranges::count(machine_.hardware(GetParam().cpu).msr_writes, Hardware::MsrWrite{0x830, nmi}), 1);
}

} // namespace
} // namespace vmm::test
