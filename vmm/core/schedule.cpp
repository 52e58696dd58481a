// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/core/schedule.hpp"

#include "vmm/core/interrupts.hpp"
#include "vmm/core/vm_machine.hpp"
#include "vmm/core/vmm.hpp"
#include "vmm/x86/intrinsics.hpp"

namespace vmm {
namespace {

World &world_of(SchedWorld &sched) {
    // SchedWorld objects that the scheduler knows are members of worlds.
    return *reinterpret_cast<World *>(reinterpret_cast<std::byte *>(&sched) - offsetof(World, sched));
}

// TSC at which the world must be looked at though nobody calls: its timer, and a VM's devices for its first vCPU.
std::uint64_t own_deadline(const World &world) {
    if (world.vcpu_state == VMNIX_VCPU_RESTARTING) [[unlikely]]
        return g_vmm.console_life.progress.wait_until;
    const std::uint64_t timer = world.lapic.timer_deadline();
    return world.vm && world.number == 0 ? std::min(timer, device_deadline(*world.vm)) : timer;
}

void add_sleeper(Cpu &cpu, World &world) {
    world.wake_at = own_deadline(world);
    if (world.wake_at == ApicTimer::kNever)
        return;
    world.next_sleeper = g_vmm.sleepers[cpu.index];
    g_vmm.sleepers[cpu.index] = &world;
    cpu.next_wake = std::min(cpu.next_wake, world.wake_at);
}

// The list is short: worlds that ran here last and sleep with something due.
void remove_sleeper(World &world) {
    if (world.wake_at == ApicTimer::kNever)
        return;
    world.wake_at = ApicTimer::kNever;
    World **at = &g_vmm.sleepers[world.cpu->index];
    while (*at != &world)
        at = &(*at)->next_sleeper;
    *at = world.next_sleeper;
    world.next_sleeper = nullptr;
}

// Under the scheduler's lock.
CpuMask wake(World &world, std::uint64_t now) {
    if (world.place.load(std::memory_order_relaxed) == kAsleep) {
        remove_sleeper(world);
        world.place.store(kReady);
    }
    return g_vmm.scheduler.unguarded().wake(world.sched, now,
                                            world.vm ? Scheduler::Urgency::Normal : Scheduler::Urgency::Interrupt);
}

// A halted world takes an interrupt that is pending: of its local APIC, or of its VM's 8259.
bool takes_interrupt(World &world) {
    if (!world.halted_open)
        return false;
    return world.lapic.deliverable() || world.external.vector != 0 || (world.external.asked && accepts_external(world));
}

bool is_idle(const World &world, std::uint64_t now) {
    if (world.vcpu_state == VMNIX_VCPU_RESTARTING) [[unlikely]]
        return restart_waits(now);
    return world.halted || world.vcpu_state == VMNIX_VCPU_WAIT_FOR_SIPI;
}

// Under the scheduler's lock. First asleep, then a last look: whoever posts looks the other way round (notify).
void put_to_sleep(Cpu &cpu, World &world, Scheduler &scheduler, std::uint64_t now) {
    scheduler.block(world.sched, now);
    add_sleeper(cpu, world);
    world.place.store(kAsleep);
    if (has_cause(world) || world.wake_at <= now) [[unlikely]]
        reschedule(cpu, wake(world, now));
}

// The console has lost a CPU, and interrupts came while that was being decided: when they were posted it still ran, so
// nobody has said that they are urgent.
void remind(Cpu &cpu, World &world, Scheduler &scheduler, std::uint64_t now) {
    if (!world.vm && world.place.load() == kReady && (world.lapic.inbox().any() || world.lapic.deliverable()))
        reschedule(cpu, scheduler.wake(world.sched, now, Scheduler::Urgency::Interrupt));
}

Scheduler::Choice choose_locked(Cpu &cpu) {
    World &current = *cpu.current;
    auto scheduler = g_vmm.scheduler.lock();
    const std::uint64_t now = x86::rdtsc();
    if (current.place.load(std::memory_order_relaxed) == cpu.index) {
        if (is_idle(current, now))
            put_to_sleep(cpu, current, *scheduler, now);
        else
            current.place.store(kReady);
    }
    const Scheduler::Choice choice = scheduler->pick(cpu.index, now);
    cpu.arrived.reschedule = 0;
    cpu.slice_end = choice.until;
    if (choice.world) {
        world_of(*choice.world).cpu = &cpu;
        // What is posted from here on comes with a kick; what was posted before is looked at.
        world_of(*choice.world).place.store(cpu.index);
    }
    if (choice.world != &current.sched)
        remind(cpu, current, *scheduler, now);
    return choice;
}

} // namespace

bool has_cause(World &world) {
    if (world.mailbox.any())
        return true;
    if (world.vcpu_state == VMNIX_VCPU_RESTARTING) [[unlikely]]
        return false;
    if (world.lapic.inbox().any() || world.kicked.load())
        return true;
    if (world.vcpu_state == VMNIX_VCPU_WAIT_FOR_SIPI)
        return false;
    return world.guest_nmis != 0 || takes_interrupt(world);
}

void reschedule(Cpu &from, const CpuMask &who) {
    who.each([&](unsigned index) {
        if (index == from.index)
            from.arrived.reschedule = 1;
        else
            order(from, *g_vmm.cpus[index], Order::Reschedule);
    });
}

// The store of what was posted came before, by an atomic exchange; a world that falls asleep stores its place and then
// looks for what was posted. So one of the two sees the other.
void notify(Cpu &from, World &to) {
    const std::uint32_t place = to.place.load();
    if (place == from.index)
        return; // looks before its next entry
    if (place < kReady)
        return kick(from, *g_vmm.cpus[place]);
    if (place == kReady && to.vm)
        return; // looks when its turn comes
    CpuMask who;
    {
        auto scheduler = g_vmm.scheduler.lock();
        who = wake(to, x86::rdtsc());
    }
    reschedule(from, who);
}

void yield(Cpu &cpu) {
    g_vmm.scheduler.lock()->yield(cpu.current->sched);
    cpu.arrived.reschedule = 1;
}

void forget_sleeper(World &world) {
    remove_sleeper(world);
    world.place.store(kAsleep);
}

void wake_sleepers(Cpu &cpu, std::uint64_t now) {
    CpuMask who;
    {
        auto scheduler = g_vmm.scheduler.lock();
        cpu.next_wake = ApicTimer::kNever;
        for (World *world = g_vmm.sleepers[cpu.index], *next; world; world = next) {
            next = world->next_sleeper;
            if (world->wake_at <= now)
                who = who | wake(*world, now);
            else
                cpu.next_wake = std::min(cpu.next_wake, world->wake_at);
        }
    }
    reschedule(cpu, who);
}

World *choose(Cpu &cpu) {
    Scheduler::Choice choice = choose_locked(cpu);
    if (choice.kick.any()) [[unlikely]] {
        choice.kick.remove(cpu.index); // has just picked
        reschedule(cpu, choice.kick);
    }
    return choice.world ? &world_of(*choice.world) : nullptr;
}

void add_console(std::span<Scheduler::Cpu> cpus, std::uint64_t now) {
    constexpr std::uint32_t kShares = 4000; // of four vCPUs: it drives the devices of all, and its operator waits
    auto scheduler = g_vmm.scheduler.lock();
    scheduler->configure(cpus, static_cast<std::uint32_t>(g_vmm.handover->tsc_khz));
    scheduler->add(g_vmm.console_group, SchedParameters{.shares = kShares, .affinity = CpuMask::first(g_vmm.cpu_count)},
                   now);
    for (Cpu *cpu : g_vmm.all_cpus())
        scheduler->add(cpu->console.sched, g_vmm.console_group, now, cpu->index);
}

void start_console(Cpu &cpu, std::uint64_t now) {
    auto scheduler = g_vmm.scheduler.lock();
    (void)scheduler->wake(cpu.console.sched, now);
    cpu.slice_end = scheduler->pick(cpu.index, now).until;
    cpu.current = &cpu.console;
    cpu.console.place.store(cpu.index);
}

} // namespace vmm
