// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/core/console_watch.hpp"

#include "vmm/core/vmm.hpp"

namespace vmm {
namespace {

constexpr unsigned kLooks = 4;       // within a period
constexpr unsigned kLostPeriods = 3; // after which one vCPU alone is enough: the others wait for it sooner or later

constexpr std::uint64_t kBootPatienceMs = 30000;

std::uint64_t period() {
    return std::uint64_t{g_vmm.console_life.policy.watchdog_ms} * g_vmm.handover->tsc_khz;
}

// A kernel that unpacks itself takes no interrupts for as long as that takes, and an NMI would be its end.
bool boots(std::uint64_t now) {
    return now < g_vmm.console_life.boots_until.load();
}

// What only a kernel that goes on does.
std::uint64_t signs_of_life(const World &world) {
    return world.stats.injected_interrupts + world.stats.exits[VMNIX_EXIT_HALT] +
           world.stats.exits[VMNIX_EXIT_HYPERCALL];
}

bool is_over(const Cpu &cpu, std::uint64_t ran, std::uint64_t patience) {
    if (ran >= kLostPeriods * patience)
        return true;
    for (const Cpu *other : g_vmm.all_cpus())
        if (!other->watch.stuck && other->console.vcpu_state == VMNIX_VCPU_RUNNING)
            return false;
    return cpu.watch.stuck;
}

void look(Cpu &cpu, std::uint64_t now) {
    ConsoleWatch &watch = cpu.watch;
    World &world = cpu.console;
    const std::uint64_t run = [&] {
        auto scheduler = g_vmm.scheduler.lock();
        return world.sched.stats_at(now).run;
    }();
    const std::uint64_t signs = signs_of_life(world);
    if (signs != watch.signs || world.vcpu_state != VMNIX_VCPU_RUNNING) {
        watch.signs = signs;
        watch.run = run;
        watch.warned = watch.stuck = false;
        return;
    }
    const std::uint64_t ran = run - watch.run;
    const bool booting = boots(now);
    const std::uint64_t patience = booting ? std::max(period(), kBootPatienceMs * g_vmm.handover->tsc_khz) : period();
    if (!booting && !watch.warned && ran >= period() / 2) {
        watch.warned = true;
        log("CPU ", cpu.index, ": the console takes no interrupts; it is given an NMI");
        world.mailbox.post(Mail::Nmi);
    }
    watch.stuck = ran >= patience;
    if (watch.stuck && is_over(cpu, ran, patience))
        (void)end_console(cpu, VMNIX_END_WATCHDOG, "its CPUs take no interrupts");
}

} // namespace

bool answers_watchdog(Cpu &cpu) {
    cpu.watch.signs += cpu.watch.warned;
    return cpu.watch.warned;
}

void watch_console(Cpu &cpu, std::uint64_t now) {
    ConsoleLife &life = g_vmm.console_life;
    if (cpu.index == 0 && now >= life.beat_at.load())
        (void)end_console(cpu, VMNIX_END_HEARTBEAT, "its programs have fallen silent");
    const bool watches =
        life.policy.watchdog_ms != 0 && g_vmm.vm_count.load() != 0 && life.state.load() == VMNIX_CONSOLE_RUNS;
    if (!watches) {
        cpu.watch = {};
        return;
    }
    if (now < cpu.watch.at && cpu.watch.at != ~0ull)
        return;
    look(cpu, now);
    cpu.watch.at = now + period() / kLooks;
}

} // namespace vmm
