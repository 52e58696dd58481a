// SPDX-License-Identifier: GPL-2.0-only
// VMNIX_CALL_ENTER on every CPU, and the agreement to leave. The stages are one table; a CPU that fails undoes its own
// in reverse, and its failure is everybody's until the point of no return in the last one.
#include "vmm/core/launch.hpp"

#include "vmm/core/backend.hpp"
#include "vmm/core/init.hpp"
#include "vmm/core/interrupts.hpp"
#include "vmm/core/schedule.hpp"
#include "vmm/core/switch_stub.hpp"
#include "vmm/x86/intrinsics.hpp"

#include <utility>

extern "C" std::uint64_t vmm_stub_leave; // the stub's way out, read by vmm_entry

namespace vmm {

constinit Vmm g_vmm;

namespace {

constexpr std::uint32_t kBootCpu = 0; // does what is done once

using Word = Rendezvous::Word;

// Busy: another CPU called it off.
Result<> told(Word word) {
    return word == Word::Go ? Result<>() : word == Word::TimedOut ? Errc::TimedOut : Errc::Busy;
}

Result<> arrive(Cpu &cpu) {
    cpu.launch_progress++;
    return told(g_vmm.launch.meet(x86::rdtsc, x86::pause));
}

Result<> capture(Cpu &cpu) {
    return g_vmm.backend_ops->capture(cpu);
}

void release(Cpu &cpu) {
    g_vmm.backend_ops->release(cpu);
}

Result<> model_interrupts(Cpu &cpu) {
    TRY(model_lapic(cpu));
    return cpu.index == kBootCpu ? g_vmm.io_apics.unguarded().capture() : Result<>();
}

void return_interrupts(Cpu &cpu) {
    if (cpu.index == kBootCpu)
        g_vmm.io_apics.unguarded().release();
}

// A page of the console's lowest memory, for a panic's report to the next boot. Not before CPUs run the console: while
// launching, the module is there to tell.
void find_fault_record() {
    g_vmm.fault_record = reinterpret_cast<vmnix_fault_record *>(g_vmm.ram.at(Gpa(VMNIX_FAULT_RECORD_AT)));
}

// Once all are here nothing can fail any more. The last to arrive unmaps what only the way needs.
Result<> commit(Cpu &cpu) {
    cpu.launch_progress++;
    const Word word = g_vmm.launch.decide(x86::rdtsc, x86::pause, [] {
        unmap_launch(g_vmm);
        g_vmm.launched_tsc = x86::rdtsc();
        find_fault_record();
    });
    // ---- the point of no return ----
    return told(word);
}

struct Stage {
    vmnix_step step;
    int status; // enum vmnix_status for a failure of its own kind
    Result<> (*perform)(Cpu &);
    void (*undo)(Cpu &); // of a stage that was begun, finished or not
};

constexpr Stage kStages[] = {
    {VMNIX_STEP_ARRIVE, VMNIX_ERR_TIMEOUT, arrive, nullptr},
    {VMNIX_STEP_CAPTURE, VMNIX_ERR_STATE, capture, release},
    {VMNIX_STEP_APIC, VMNIX_ERR_LAYOUT, model_interrupts, return_interrupts},
    {VMNIX_STEP_COMMIT, VMNIX_ERR_TIMEOUT, commit, nullptr},
};

// What a test asked for at this step on this CPU.
Result<> inject_fault(Cpu &cpu, vmnix_step step) {
    const vmnix_handover &h = *g_vmm.handover;
    if (h.fault_step != static_cast<std::uint32_t>(step) || h.fault_cpu != cpu.index)
        return {};
    if (h.fault_mode == VMNIX_FAULT_FAIL || h.fault_mode == VMNIX_FAULT_OPEN)
        return Errc::Injected;
    if (h.fault_mode == VMNIX_FAULT_NMI)
        cpu.physical_lapic.send(x86::PhysicalLapic::kDeliveryNmi | x86::PhysicalLapic::kAssert, cpu.apic_id);
    if (h.fault_mode == VMNIX_FAULT_WEDGE)
        for (const std::uint64_t start = x86::rdtsc(); x86::rdtsc() - start < 3 * h.timeout_tsc;)
            x86::pause();
    return {};
}

int status_of(const Stage &stage, Errc error) {
    switch (error) {
    case Errc::Injected:
        return VMNIX_ERR_INJECTED;
    case Errc::TimedOut:
        return VMNIX_ERR_TIMEOUT;
    case Errc::Busy:
        return VMNIX_ERR_PEER;
    case Errc::Unsupported:
        return VMNIX_ERR_EXTINT;
    default:
        return stage.status;
    }
}

// Who kept the others waiting.
const Cpu &hindmost() {
    const Cpu *last = g_vmm.cpus[0];
    for (const Cpu *cpu : g_vmm.all_cpus())
        if (cpu->launch_progress < last->launch_progress)
            last = cpu;
    return *last;
}

// A CPU that fails of itself calls it off for all; the first cause is the one that is reported.
void tell_cause(const Cpu &cpu, Errc error) {
    const bool first = error == Errc::TimedOut || (error != Errc::Busy && g_vmm.launch.call_off());
    if (!first)
        return;
    const Cpu &culprit = error == Errc::TimedOut ? hindmost() : cpu;
    g_vmm.handover->failed_cpu = culprit.index;
    g_vmm.handover->failed_step = culprit.launch_progress / 2;
}

// The CPU goes back, and with it what came for Linux while the VMM's tables were in force. Without a GIF more may come
// at any instruction: the page's tables count it.
void hand_back(Cpu &cpu) {
    use_early_tables(*cpu.handover);
    cpu.handover->pending_nmi += std::exchange(cpu.arrived.nmis, 0);
    cpu.handover->early_machine_checks += std::exchange(cpu.arrived.machine_checks, 0);
}

// `begun` is one past the last stage of which anything may have to be undone.
int roll_back(Cpu &cpu, const Stage &failed, const Stage *begun, Errc error) {
    tell_cause(cpu, error);
    while (begun-- != kStages)
        if (begun->undo)
            begun->undo(cpu);
    hand_back(cpu);
    return status_of(failed, error);
}

// What came while the CPU passed is the console's, as what comes later.
void take_early_events(Cpu &cpu) {
    cpu.arrived.add_nmis(std::exchange(cpu.handover->early_nmis, 0));
    cpu.arrived.add_machine_checks(std::exchange(cpu.handover->early_machine_checks, 0));
    cpu.unseen = cpu.arrived.any();
}

int enter(Cpu &cpu) {
    x86::load_gdt(cpu.gdt);
    x86::load_idt(reinterpret_cast<std::uint64_t>(g_vmm.idt.data()));
    for (const Stage &stage : kStages) {
        cpu.launch_progress = 2 * stage.step;
        if (const auto injected = inject_fault(cpu, stage.step); !injected)
            return roll_back(cpu, stage, &stage, injected.error());
        if (const auto done = stage.perform(cpu); !done)
            return roll_back(cpu, stage, &stage + 1, done.error());
    }
    forget_launch(g_vmm, *cpu.handover);
    take_early_events(cpu);
    start_console(cpu, x86::rdtsc());
    own_lapic(cpu);
    if (cpu.index == kBootCpu)
        log("launched on ", g_vmm.cpu_count, " CPUs");
    g_vmm.backend_ops->run(cpu);
    leave_now(cpu);
    return VMNIX_OK;
}

// Takes what the physical APIC holds, so that no message between CPUs of the VMM's is left for the bare kernel.
void drain(Cpu &cpu) {
    do {
        cpu.acknowledged = 0;
        g_vmm.backend_ops->acknowledge();
        take_interrupt(cpu);
    } while (cpu.acknowledged != 0);
}

} // namespace

bool agree_to_leave(Cpu &cpu) {
    // After the first meeting no CPU sends messages any more.
    Word word = g_vmm.leave.meet(x86::rdtsc, x86::pause);
    if (word == Word::Go) {
        stop_timer(cpu);
        drain(cpu);
        word = g_vmm.leave.decide(x86::rdtsc, x86::pause, [] {
            const auto mapped = map_stub(g_vmm);
            VMM_ASSERT(mapped); // the tables above it exist since the launch
            g_vmm.io_apics.unguarded().release();
        });
    }
    g_vmm.leave.finish();
    if (word != Word::Go)
        arm_timer(cpu);
    return word == Word::Go;
}

void leave_now(Cpu &cpu) {
    vmm_stub_leave = g_vmm.handover->stub_leave; // of the driver that attached last
    return_lapic(cpu);
    cpu.handover->pending_nmi = cpu.console.guest_nmis + cpu.arrived.nmis;
    g_vmm.backend_ops->give_back(cpu);
}

extern "C" {

constinit std::uint64_t vmm_stub_leave = 0;

int vmm_call(vmnix_handover_cpu *self, std::uint32_t call) {
    auto *handover = reinterpret_cast<vmnix_handover *>(self->handover); // the module's, in the physical map
    vmm_stub_leave = handover->stub_leave;
    switch (call) {
    case VMNIX_CALL_INIT:
        return initialise(handover, *self);
    case VMNIX_CALL_ENTER:
        return enter(*cpu_at(self->index));
    default:
        return VMNIX_ERR_ABI;
    }
}
}

} // namespace vmm
