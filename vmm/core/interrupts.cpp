// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/core/interrupts.hpp"

#include <algorithm>

#include "vmm/core/schedule.hpp"
#include "vmm/core/vm_machine.hpp"
#include "vmm/core/vmm.hpp"
#include "vmm/x86/intrinsics.hpp"

namespace vmm {
namespace {

using x86::PhysicalLapic;

bool physical_bit(const Cpu &cpu, LapicRegister first, std::uint8_t vector) {
    const auto reg = lapic_register_plus(first, vector / 32u);
    return cpu.physical_lapic.read(static_cast<std::uint32_t>(reg)) >> (vector % 32u) & 1;
}

// By value: std::min would keep what it compares in memory, on the way of every timer that is set.
constexpr std::uint64_t first_of(std::uint64_t a, std::uint64_t b) {
    return a < b ? a : b;
}

// Of the console's watchdog, and of its heartbeat on the first CPU. A vCPU that sleeps or is off is not stuck: a VM
// that is alone on the CPU is not disturbed for it.
[[gnu::always_inline]] inline std::uint64_t watch_deadline(const Cpu &cpu) {
    const bool may_be_stuck = cpu.console.vcpu_state == VMNIX_VCPU_RUNNING && !cpu.console.halted;
    const std::uint64_t beat = cpu.index == 0 ? g_vmm.console_life.beat_at.load(std::memory_order_relaxed) : kNever;
    return first_of(may_be_stuck ? cpu.watch.at : kNever, beat);
}

void take_timer(Cpu &cpu) {
    cpu.timer_armed = ApicTimer::kNever;
    cpu.timer_overdue = false;
    cpu.physical_lapic.eoi();
    cpu.current->stats.timer_fired++;
    const std::uint64_t now = x86::rdtsc();
    if (now >= cpu.slice_end)
        cpu.arrived.reschedule = 1;
    if (now >= cpu.next_wake)
        wake_sleepers(cpu, now);
    if (cpu.current->vm && cpu.current->number == 0 && now >= device_deadline(*cpu.current->vm))
        cpu.current->mailbox.post(Mail::Look);
    if (cpu.current != &cpu.console && cpu.console.lapic.expire_timer(now))
        notify(cpu, cpu.console);
    if (now >= watch_deadline(cpu)) [[unlikely]]
        watch_console(cpu, now);
    arm_timer(cpu);
}

void flush_here(Cpu &cpu, std::uint32_t generation) {
    x86::write_cr3(g_vmm.host.root().raw());
    cpu.console.mailbox.post(Mail::Flush);
    cpu.flushed.store(generation);
}

void take_orders(Cpu &cpu) {
    const std::uint32_t generation =
        g_vmm.nested_generation.load(); // before the look: what comes later is ordered anew
    const std::uint32_t orders = cpu.orders.exchange(0, std::memory_order_acquire);
    if (orders & static_cast<std::uint32_t>(Order::Reschedule))
        cpu.arrived.reschedule = 1;
    if (orders & static_cast<std::uint32_t>(Order::Flush))
        flush_here(cpu, generation);
}

// Kicks that arrive together are one interrupt; what is left over of the count claims a vector that is ours anyway.
bool take_kick(Cpu &cpu) {
    if (cpu.kicks.load(std::memory_order_acquire) == 0)
        return false;
    cpu.kicks.fetch_sub(1, std::memory_order_relaxed);
    if (cpu.orders.load(std::memory_order_relaxed) != 0) [[unlikely]]
        take_orders(cpu);
    return true;
}

// For the console, whose interrupts all physical ones are. It may sleep while a VM runs here.
void accept_edge(Cpu &cpu, std::uint8_t vector) {
    cpu.console.lapic.accept(vector, false);
    if (cpu.current != &cpu.console) [[unlikely]]
        notify(cpu, cpu.console);
}

// Masked at the IO-APIC before the EOI, both under one lock: see virtual_ioapic.hpp.
void take_level(Cpu &cpu, std::uint8_t vector) {
    {
        auto io_apics = g_vmm.io_apics.lock();
        for (IoApics::One &one : io_apics->all())
            one.model.level_arrived(vector);
        cpu.physical_lapic.eoi();
        if (!cpu.console.lapic.accept(vector, true))
            for (IoApics::One &one : io_apics->all())
                one.model.level_refused(vector);
    }
    if (cpu.current != &cpu.console) [[unlikely]]
        notify(cpu, cpu.console);
}

// `from` is null for what a device sends.
bool is_addressed(const World &to, const Ipi &ipi, const World *from) {
    return matches(to.lapic.address(), ipi, &to == from);
}

World *lowest(std::span<World *const> worlds, const Ipi &ipi, const World *from) {
    World *best = nullptr;
    for (World *world : worlds) {
        const bool candidate = is_addressed(*world, ipi, from) && world->lapic.address().enabled;
        if (candidate && (!best || world->lapic.priority() < best->lapic.priority()))
            best = world;
    }
    return best;
}

void mail(Cpu &from, World &to, Mail what) {
    to.mailbox.post(what);
    notify(from, to);
}

void deliver(Cpu &from, World &to, const Ipi &ipi, bool is_level) {
    switch (ipi.mode) {
    case DeliveryMode::Fixed:
    case DeliveryMode::LowestPriority:
        post_interrupt(from, to, ipi.vector, is_level);
        break;
    case DeliveryMode::Nmi:
        mail(from, to, Mail::Nmi);
        break;
    case DeliveryMode::Init:
        to.mailbox.post_init();
        notify(from, to);
        break;
    case DeliveryMode::StartUp:
        to.mailbox.sipi_vector = ipi.vector;
        mail(from, to, Mail::Sipi);
        break;
    default:
        if (!to.vm) // a VM must not fill the log
            log("CPU ", from.index, ": IPI of delivery mode ", static_cast<unsigned>(ipi.mode), " dropped");
    }
}

void deliver_to(Cpu &cpu, std::span<World *const> worlds, const Ipi &ipi, const World *from) {
    const bool is_level = !from && ipi.level; // between CPUs the trigger bit has no meaning: SDM vol. 3, 11.6.1
    if (ipi.mode == DeliveryMode::LowestPriority) {
        if (World *to = lowest(worlds, ipi, from))
            deliver(cpu, *to, ipi, is_level);
        return;
    }
    for (World *to : worlds)
        if (is_addressed(*to, ipi, from) &&
            (to != from || ipi.mode != DeliveryMode::Fixed)) // the model has seen to that
            deliver(cpu, *to, ipi, is_level);
}

// TSC ticks to timer counts, rounded up so that the timer is never early; as many as the register takes.
std::uint32_t timer_count(std::uint64_t ticks) {
    const auto count = static_cast<unsigned __int128>(ticks) * g_vmm.timer_per_tick >> 32;
    return count >= 0xffffffff ? 0xffffffff : static_cast<std::uint32_t>(count) + 1;
}

void program_timer(Cpu &cpu, std::uint64_t deadline, std::uint64_t now) {
    if (g_vmm.tsc_deadline) {
        // Ordered after the LVT write by the launch; later writes need no fence (APM vol. 2, 16.4.1).
        x86::wrmsr(x86::msr::TscDeadline, deadline == ApicTimer::kNever ? 0 : deadline);
        return;
    }
    const std::uint32_t count = deadline == ApicTimer::kNever ? 0 : timer_count(deadline > now ? deadline - now : 0);
    cpu.physical_lapic.write(PhysicalLapic::kInitialCount, count);
}

LapicImage read_lapic(const Cpu &cpu) {
    constexpr LapicRegister kOnce[] = {LapicRegister::Id,
                                       LapicRegister::Version,
                                       LapicRegister::TaskPriority,
                                       LapicRegister::LogicalDestination,
                                       LapicRegister::SpuriousVector,
                                       LapicRegister::IcrLow,
                                       LapicRegister::LvtTimer,
                                       LapicRegister::LvtThermal,
                                       LapicRegister::LvtPmc,
                                       LapicRegister::LvtLint0,
                                       LapicRegister::LvtLint1,
                                       LapicRegister::LvtError,
                                       LapicRegister::InitialCount,
                                       LapicRegister::CurrentCount,
                                       LapicRegister::DivideConfiguration};
    constexpr LapicRegister kRuns[] = {LapicRegister::Isr0, LapicRegister::Tmr0, LapicRegister::Irr0};
    LapicImage image;
    const auto copy = [&](LapicRegister reg) { image[reg] = cpu.physical_lapic.read(static_cast<std::uint32_t>(reg)); };
    image.apic_base = x86::rdmsr(x86::msr::ApicBase);
    for (LapicRegister reg : kOnce)
        copy(reg);
    if (!cpu.physical_lapic.x2apic()) {
        copy(LapicRegister::DestinationFormat);
        copy(LapicRegister::IcrHigh);
    }
    if (lapic::VersionMaxLvt::get(image[LapicRegister::Version]) >= 6)
        copy(LapicRegister::LvtCmci);
    // In x2APIC mode not every CPU lets these be read.
    if (lapic::VersionExtendedSpace::get(image[LapicRegister::Version]) && !cpu.physical_lapic.x2apic()) {
        copy(LapicRegister::ExtendedFeature);
        copy(LapicRegister::ExtendedControl);
        const unsigned count = lapic::ExtendedLvtCount::get(image[LapicRegister::ExtendedFeature]);
        for (unsigned i = 0; i < std::min(count, 4u); i++)
            copy(lapic_register_plus(LapicRegister::ExtendedLvt0, i));
    }
    for (LapicRegister run : kRuns)
        for (unsigned i = 0; i < 8; i++)
            copy(lapic_register_plus(run, i));
    if (g_vmm.tsc_deadline)
        image.tsc_deadline = x86::rdmsr(x86::msr::TscDeadline);
    return image;
}

// Pending virtual interrupts are raised again for the bare kernel. Level-triggered ones need nothing: their pins are
// open again and still asserted.
void raise_pending(Cpu &cpu) {
    const VectorSet &requested = cpu.console.lapic.requested();
    const VectorSet level = cpu.console.lapic.level_pending();
    for (unsigned vector = kFirstLegalVector; vector < 256; vector++)
        if (requested.test(static_cast<std::uint8_t>(vector)) && !level.test(static_cast<std::uint8_t>(vector)))
            cpu.physical_lapic.send(PhysicalLapic::kAssert | vector, cpu.apic_id);
}

} // namespace

void take_interrupt(Cpu &cpu) {
    const auto vector = static_cast<std::uint8_t>(cpu.acknowledged);
    if (vector == 0)
        return; // whoever asserted it has withdrawn it
    if (vector == kTimerVector && (cpu.timer_armed != ApicTimer::kNever || cpu.timer_overdue)) {
        take_timer(cpu);
    } else if (vector == kKickVector && take_kick(cpu)) {
        cpu.physical_lapic.eoi();
    } else if (physical_bit(cpu, LapicRegister::Tmr0, vector)) {
        take_level(cpu, vector);
    } else if (physical_bit(cpu, LapicRegister::Isr0, vector)) {
        cpu.physical_lapic.eoi();
        accept_edge(cpu, vector);
    } // otherwise it is spurious: nothing is in service and nobody waits for it
}

void arm_timer(Cpu &cpu) {
    World &world = *cpu.current;
    const std::uint64_t now = x86::rdtsc();
    world.lapic.expire_timer(now);
    std::uint64_t deadline =
        first_of(first_of(world.lapic.timer_deadline(), watch_deadline(cpu)), first_of(cpu.slice_end, cpu.next_wake));
    if (world.vm) [[unlikely]] {
        deadline = first_of(deadline, cpu.console.lapic.timer_deadline());
        if (world.number == 0)
            deadline = first_of(deadline, device_deadline(*world.vm));
    }
    if (deadline == cpu.timer_armed)
        return;
    cpu.timer_overdue |= cpu.timer_armed <= now;
    cpu.timer_armed = deadline;
    program_timer(cpu, deadline, now);
}

void send_ipi(World &from, const Ipi &ipi) {
    from.stats.ipis_sent++;
    const std::span<World *const> console = std::span(g_vmm.console_worlds).first(g_vmm.cpu_count);
    deliver_to(*from.cpu, from.vm ? from.vm->worlds() : console, ipi, &from);
}

void send_message(Cpu &from, Vm &to, const Ipi &message) {
    deliver_to(from, to.worlds(), message, nullptr);
}

void end_level_interrupt(std::uint8_t vector) {
    auto io_apics = g_vmm.io_apics.lock();
    for (IoApics::One &one : io_apics->all())
        one.model.guest_eoi(vector);
}

void end_vm_level_interrupt(Cpu &cpu, Vm &vm, std::uint8_t vector) {
    with_machine(cpu, vm, [&](Machine &machine) { machine.board.eoi(vector); });
}

void refuse_level_interrupt(std::uint8_t vector) {
    auto io_apics = g_vmm.io_apics.lock();
    for (IoApics::One &one : io_apics->all())
        one.model.level_refused(vector);
}

void retry_refused_interrupts() {
    auto io_apics = g_vmm.io_apics.lock();
    for (IoApics::One &one : io_apics->all())
        one.model.retry_refused();
}

void kick(Cpu &from, Cpu &to) {
    to.kicks.fetch_add(1, std::memory_order_release);
    from.physical_lapic.send(PhysicalLapic::kAssert | kKickVector, to.apic_id);
}

void order(Cpu &from, Cpu &to, Order what) {
    to.orders.fetch_or(static_cast<std::uint32_t>(what), std::memory_order_release);
    kick(from, to);
}

void post_interrupt(Cpu &from, World &to, std::uint8_t vector, bool level) {
    if (to.lapic.inbox().post(vector, level))
        notify(from, to);
}

std::uint32_t flush_everywhere(Cpu &from) {
    const std::uint32_t generation = ++g_vmm.nested_generation;
    for (Cpu *cpu : g_vmm.all_cpus())
        if (cpu != &from)
            order(from, *cpu, Order::Flush);
    flush_here(from, generation);
    return generation;
}

bool has_everyone_flushed(std::uint32_t generation) {
    return std::ranges::all_of(g_vmm.all_cpus(), [&](const Cpu *cpu) {
        return static_cast<std::int32_t>(cpu->flushed.load() - generation) >= 0;
    });
}

void mirror_register(Cpu &cpu, LapicRegister reg, std::uint32_t value) {
    const bool fixed_in_x2apic = reg == LapicRegister::DestinationFormat || reg == LapicRegister::LogicalDestination;
    if (!(fixed_in_x2apic && cpu.physical_lapic.x2apic()))
        cpu.physical_lapic.write(static_cast<std::uint32_t>(reg), value);
}

void mirror_lapic(World &console) {
    for (LapicRegister reg : kMirroredRegisters)
        if (console.lapic.is_present(reg))
            mirror_register(*console.cpu, reg, console.lapic.physical_value(reg));
}

namespace {

// Interrupts of an 8259 come with a vector that no APIC knows, and need an acknowledge cycle of their own.
bool takes_external(std::uint32_t lint) {
    return !lapic::LvtMasked::get(lint) && lapic::LvtMode::get(lint) == DeliveryMode::ExtInt;
}

} // namespace

Result<> model_lapic(Cpu &cpu) {
    LapicImage image = read_lapic(cpu);
    // What waits in the physical APIC stays there and is forwarded when it arrives.
    for (unsigned i = 0; i < 8; i++)
        image[lapic_register_plus(LapicRegister::Irr0, i)] = 0;
    // A count of zero may have run out this moment, its interrupt not yet raised and lost with the next write to the
    // timer: an emulator's timer thread is not as prompt as its clock. One interrupt too many does no harm.
    if (lapic::LvtTimerMode::get(image[LapicRegister::LvtTimer]) == TimerMode::OneShot &&
        image[LapicRegister::InitialCount] != 0)
        image[LapicRegister::CurrentCount] = std::max(image[LapicRegister::CurrentCount], 1u);
    const LapicConfig config{.apic_id = cpu.apic_id,
                             .version = image[LapicRegister::Version],
                             .extended_features = image[LapicRegister::ExtendedFeature],
                             .x2apic = (x86::cpuid(1).ecx & 1u << 21) != 0,
                             .tsc_deadline = g_vmm.tsc_deadline,
                             .bootstrap = lapic::BaseBootstrap::get(image.apic_base),
                             .tsc_khz = static_cast<std::uint32_t>(g_vmm.handover->tsc_khz),
                             .timer_khz = static_cast<std::uint32_t>(g_vmm.handover->apic_timer_khz)};
    if (takes_external(image[LapicRegister::LvtLint0]))
        return Errc::Unsupported;
    TRY(cpu.console.lapic.configure(config));
    cpu.console.lapic.restore(image, x86::rdtsc());
    return {};
}

void own_lapic(Cpu &cpu) {
    constexpr std::uint32_t kDivideByOne = 0xb, kDeadlineMode = 2u << 17;
    cpu.physical_lapic.write(PhysicalLapic::kInitialCount, 0);
    cpu.physical_lapic.write(PhysicalLapic::kDivide, kDivideByOne);
    cpu.physical_lapic.write(PhysicalLapic::kLvtTimer, kTimerVector | (g_vmm.tsc_deadline ? kDeadlineMode : 0));
    if (g_vmm.tsc_deadline)
        asm volatile("mfence" : : : "memory"); // before the first deadline: APM vol. 2, 16.4.1
    cpu.physical_lapic.write(PhysicalLapic::kTpr, 0);
    arm_timer(cpu);
}

void stop_timer(Cpu &cpu) {
    cpu.timer_armed = ApicTimer::kNever;
    cpu.timer_overdue = true;
    program_timer(cpu, ApicTimer::kNever, 0);
}

// The order matters: mode and divider before the count that starts it, the deadline last.
void return_lapic(Cpu &cpu) {
    cpu.console.lapic.collect();
    cpu.console.lapic.expire_timer(x86::rdtsc());
    const LapicImage image = cpu.console.lapic.save(x86::rdtsc());
    const auto put = [&](LapicRegister reg) { cpu.physical_lapic.write(static_cast<std::uint32_t>(reg), image[reg]); };
    mirror_lapic(cpu.console);
    put(LapicRegister::LvtTimer);
    put(LapicRegister::DivideConfiguration);
    const auto mode = lapic::LvtTimerMode::get(image[LapicRegister::LvtTimer]);
    if (mode == TimerMode::TscDeadline) {
        asm volatile("mfence" : : : "memory");
        x86::wrmsr(x86::msr::TscDeadline, image.tsc_deadline);
    } else {
        const bool one_shot = mode == TimerMode::OneShot;
        cpu.physical_lapic.write(PhysicalLapic::kInitialCount,
                                 image[one_shot ? LapicRegister::CurrentCount : LapicRegister::InitialCount]);
    }
    put(LapicRegister::SpuriousVector);
    put(LapicRegister::TaskPriority);
    raise_pending(cpu);
}

} // namespace vmm
