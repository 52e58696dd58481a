// SPDX-License-Identifier: GPL-2.0-only
// Leaving: all together or not at all, and nothing that waited is lost. Also what else needs a CPU's own stack.
#include "vmm/core/launch.hpp"

#include "tests/unit/launch/launch_machine.hpp"
#include "vmm/core/interrupts.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>

namespace vmm::test {
namespace {

using Statuses = std::vector<int>;

class LeaveTest : public testing::Test {
  protected:
    void launch(std::function<void(Cpu &)> guest) {
        ASSERT_EQ(machine_.init(), VMNIX_OK);
        g_guest = std::move(guest);
        EXPECT_EQ(machine_.enter(), Statuses(machine_.cpus(), VMNIX_OK));
    }
    bool raised(unsigned cpu, std::uint8_t vector) {
        const std::uint64_t command = std::uint64_t{cpu} << 32 | 0x4000 | vector;
        return std::ranges::count(machine_.hardware(cpu).msr_writes, Hardware::MsrWrite{0x830, command}) == 1;
    }

    LaunchMachine machine_{2};
};

// One vCPU alone cannot leave, and asking spoils nothing.
TEST_F(LeaveTest, OneAloneCannot) {
    std::atomic<bool> asked{false};
    launch([&](Cpu &cpu) {
        if (cpu.index == 1) {
            g_vmm.leave.expect(2, LaunchMachine::kShort);
            for (unsigned i = 0; i < 3; i++) {
                const Called called = hypercall(cpu, VMNIX_HC_LEAVE);
                EXPECT_EQ(called.rax, -VMNIX_HC_ETIMEDOUT);
                EXPECT_FALSE(called.left);
            }
            g_vmm.leave.expect(2, LaunchMachine::kLong);
            asked = true;
        }
        while (!asked)
            x86::pause();
        leave(cpu);
    });
}

// A CPU that could not leave is as it was: its timer runs on.
TEST_F(LeaveTest, TimerRunsOnAfterAFailedAttempt) {
    std::atomic<bool> asked{false};
    launch([&](Cpu &cpu) {
        if (cpu.index == 0) {
            cpu.console.lapic.write(LapicRegister::LvtTimer, 0x61, x86::rdtsc());
            cpu.console.lapic.write(LapicRegister::InitialCount, 0xffffffff, x86::rdtsc());
            arm_timer(cpu);
            g_vmm.leave.expect(2, LaunchMachine::kShort);
            EXPECT_FALSE(hypercall(cpu, VMNIX_HC_LEAVE).left);
            EXPECT_NE(cpu.timer_armed, ApicTimer::kNever);
            EXPECT_EQ(hardware().msrs[x86::msr::TscDeadline], cpu.timer_armed); // the physical one too
            g_vmm.leave.expect(2, LaunchMachine::kLong);
            asked = true;
        }
        while (!asked)
            x86::pause();
        leave(cpu);
    });
}

TEST_F(LeaveTest, PendingInterruptsAreRaisedAgain) {
    launch([](Cpu &cpu) {
        if (cpu.index == 0)
            cpu.console.lapic.accept(0x77, false);
        leave(cpu);
    });
    EXPECT_TRUE(raised(0, 0x77));
    EXPECT_FALSE(raised(1, 0x77));
}

// Sent by another CPU and not yet looked at.
TEST_F(LeaveTest, PostedInterruptsAreRaisedToo) {
    launch([](Cpu &cpu) {
        if (cpu.index == 1)
            post_interrupt(cpu, g_vmm.cpus[0]->console, 0x78);
        leave(cpu);
    });
    EXPECT_TRUE(raised(0, 0x78));
}

TEST_F(LeaveTest, NmisAreHandedBack) {
    launch([](Cpu &cpu) {
        cpu.console.guest_nmis = cpu.index;
        svm::Vcpu(cpu.console).state().nmi_blocked = true; // so that it stays pending
        cpu.arrived.nmis = 0;
        leave(cpu);
    });
    EXPECT_EQ(machine_.handover_cpu(0).pending_nmi, 0u);
    EXPECT_EQ(machine_.handover_cpu(1).pending_nmi, 1u);
}

// The running timer goes on in the physical APIC, with what is left of it.
TEST_F(LeaveTest, TimerGoesOn) {
    launch([](Cpu &cpu) {
        cpu.console.lapic.write(LapicRegister::LvtTimer, 0x61, x86::rdtsc());
        cpu.console.lapic.write(LapicRegister::InitialCount, 0xf0000000, x86::rdtsc());
        leave(cpu);
    });
    for (unsigned i = 0; i < 2; i++) {
        const auto &msrs = machine_.hardware(i).msrs;
        EXPECT_EQ(msrs.at(x2apic_msr_of(LapicRegister::LvtTimer)), 0x61u);
        EXPECT_GT(msrs.at(x2apic_msr_of(LapicRegister::InitialCount)), 0x80000000u);
    }
}

// The log tells the console's driver that there is more, by the CPU that wrote and to the CPU that wants it.
TEST_F(LeaveTest, LogRaisesTheEvent) {
    std::atomic<unsigned> logged{0};
    launch([&](Cpu &cpu) {
        if (cpu.index == 0) {
            EXPECT_EQ(hypercall(cpu, VMNIX_HC_EVENT, 0x99, 1).rax, 0);
            log("something to tell");
            logged = 1;
        }
        while (logged == 0)
            x86::pause();
        if (cpu.index == 1) {
            cpu.console.lapic.collect();
            EXPECT_TRUE(cpu.console.lapic.requested().test(0x99));
            EXPECT_EQ(cpu.kicks, 1u);
        }
        leave(cpu);
    });
}

TEST_F(LeaveTest, CpuStatsOfAnother) {
    launch([](Cpu &cpu) {
        if (cpu.index == 0) {
            EXPECT_EQ(hypercall(cpu, VMNIX_HC_CPU_STATS, Guest::kBuffer, 256, 1).rax, 0);
            EXPECT_EQ(at_physical<vmnix_cpu_stats>(Hpa(Guest::kBuffer))->apic_id, 1u);
        }
        leave(cpu);
    });
}

} // namespace
} // namespace vmm::test
