// SPDX-License-Identifier: GPL-2.0-only
// VMNIX_CALL_INIT: everything that can be built before a CPU is stopped. One CPU runs this on the bootstrap's tables
// with its interrupts held; a failure needs no undo, as nothing but the arena was written.
#include "vmm/core/init.hpp"

#include "vmm/core/address_space.hpp"
#include "vmm/core/backend.hpp"
#include "vmm/core/schedule.hpp"
#include "vmm/core/switch_stub.hpp"
#include "vmm/core/traps.hpp"
#include "vmm/x86/intrinsics.hpp"

#include <new>

// The numbers that kbuild/vmm.mk repeats for the assembler.
static_assert(VMM_IMAGE_VA == VMNIX_IMAGE_VA && VMM_IMAGE_MAX == VMNIX_IMAGE_MAX);
static_assert(VMM_IMAGE_MAGIC == VMNIX_IMAGE_MAGIC && VMM_HANDOVER_ABI == VMNIX_HANDOVER_ABI);
static_assert(VMM_HEADER_SIZE == sizeof(vmnix_image_header));

namespace vmm {
namespace {

constexpr unsigned kLogPages = 8, kConsoleLogPages = 16;

Result<> check_handover(Vmm &vmm) {
    const vmnix_handover &h = *vmm.handover;
    if (h.abi != VMNIX_HANDOVER_ABI || h.size != sizeof(h))
        return Errc::Unsupported;
    if (h.cpu_count == 0 || h.cpu_count > VMNIX_MAX_CPUS || h.memory_count > VMNIX_MAX_MEMORY ||
        h.ioapic_count > VMNIX_MAX_IOAPICS || h.tsc_khz == 0 || h.apic_timer_khz == 0)
        return Errc::Invalid;
    return {};
}

// The bits of EFER that this CPU has and that this build knows, APM vol. 2, 3.1.7. A guest is not entered with others.
std::uint64_t known_efer() {
    using namespace x86;
    constexpr std::uint32_t kFfxsr = 1u << 25, kNx = 1u << 20, kTce = 1u << 17, kAutomaticIbrs = 1u << 8;
    const CpuidResult extended = cpuid(0x80000001);
    std::uint64_t known = efer::SCE | efer::LME | efer::LMA;
    known |= extended.edx & kNx ? efer::NXE : 0;
    known |= extended.edx & kFfxsr ? efer::FFXSR : 0;
    known |= extended.ecx & kTce ? efer::TCE : 0;
    if (cpuid(0x80000000).eax >= 0x80000021 && (cpuid(0x80000021).eax & kAutomaticIbrs))
        known |= efer::AIBRSE;
    return known;
}

Result<> learn_cpu(Vmm &vmm) {
    constexpr std::uint64_t kX2apicMode = bit(10);
    constexpr std::uint32_t kDeadline = 1u << 24, kGigantic = 1u << 26;
    const x86::CpuidResult features = x86::cpuid(1);
    vmm.cpu_count = vmm.handover->cpu_count;
    vmm.x2apic = x86::rdmsr(x86::msr::ApicBase) & kX2apicMode;
    vmm.tsc_deadline = features.ecx & kDeadline;
    vmm.gigantic_pages = x86::cpuid(0x80000001).edx & kGigantic;
    vmm.efer_known = known_efer();
    vmm.extended = TRY(learn_extended_features());
    vmm.ns_per_tick = (1000000ull << 32) / vmm.handover->tsc_khz;
    vmm.timer_per_tick = (std::uint64_t{vmm.handover->apic_timer_khz} << 32) / vmm.handover->tsc_khz + 1;
    if (vmm.handover->flags & VMNIX_HANDOVER_TEST)
        vmm.features |= VMNIX_FEATURE_TEST;
    return {};
}

Result<> prepare_log(Vmm &vmm) {
    const Hpa frames = TRY(vmm.frames.allocate(kLogPages));
    vmm.log.unguarded().use({at_physical<char>(frames), kLogPages * kPageSize});
    const Hpa messages = TRY(vmm.frames.allocate(kConsoleLogPages));
    vmm.console_log.unguarded().use({at_physical<char>(messages), kConsoleLogPages * kPageSize});
    return {};
}

Result<> learn_memory(Vmm &vmm) {
    const Range<Gpa> arena{Gpa(vmm.handover->arena_base), vmm.handover->arena_size};
    for (unsigned i = 0; i < vmm.handover->memory_count; i++) {
        const vmnix_memory &m = vmm.handover->memory[i];
        if ((m.base | m.size) % kPageSize != 0)
            return Errc::Invalid;
        if (m.kind == VMNIX_MEMORY_RAM && !vmm.ram.map().add_without({Gpa(m.base), m.size}, arena))
            return Errc::NoMemory;
    }
    return {};
}

// Who owns which piece, up to the end of RAM.
Result<> map_pieces(Vmm &vmm) {
    std::uint64_t end = 0;
    for (unsigned i = 0; i < vmm.ram.map().count(); i++)
        end = std::max(end, vmm.ram.map()[i].end().raw());
    const std::uint64_t count = align_up(end, PieceMap::kSize) / PieceMap::kSize;
    const Hpa frames = TRY(vmm.frames.allocate(static_cast<unsigned>(align_up(count, kPageSize) / kPageSize)));
    vmm.ram.pieces().use({at_physical<Owner>(frames), count});
    for (unsigned i = 0; i < vmm.ram.map().count(); i++)
        vmm.ram.pieces().add_console(vmm.ram.map()[i]);
    return {};
}

Result<> switch_tables(Vmm &vmm) {
    TRY(build_address_space(vmm));
    x86::write_cr3(vmm.host.root().raw());
    return {};
}

// Room for objects of which the machine says how many there are.
template <class T> Result<std::span<T>> allocate_array(Vmm &vmm, std::size_t count) {
    const auto pages = static_cast<unsigned>((count * sizeof(T) + kPageSize - 1) / kPageSize);
    T *first = at_physical<T>(TRY(vmm.frames.allocate(pages)));
    for (std::size_t i = 0; i < count; i++)
        new (first + i) T();
    return std::span(first, count);
}

Result<> keep_launch_stub(Vmm &vmm) {
    return keep_stub(vmm, reinterpret_cast<const std::byte *>(vmm.handover->stub_va));
}

Result<> note_io_apics(Vmm &vmm) {
    vmm.io_apics.unguarded().use(TRY(allocate_array<IoApics::One>(vmm, vmm.handover->ioapic_count)));
    for (unsigned i = 0; i < vmm.handover->ioapic_count; i++)
        vmm.io_apics.unguarded().add(Hpa(vmm.handover->ioapic[i].base), io_apic_va(i));
    return {};
}

void fill_tss(Cpu &cpu) {
    cpu.tss.ist[0] = cpu.fault_stack_top();
    cpu.tss.io_map = sizeof(cpu.tss);
    cpu.gdt.fill(cpu.tss);
}

Result<> prepare_cpus(Vmm &vmm) {
    auto *pages = at_physical<std::byte>(Hpa(vmm.handover->cpus));
    for (unsigned i = 0; i < vmm.cpu_count; i++) {
        auto *handover = reinterpret_cast<vmnix_handover_cpu *>(pages + i * kPageSize); // the ABI's array of pages
        Cpu *cpu = new (cpu_at(i)) Cpu;
        vmm.cpus[i] = cpu;
        cpu->index = i;
        cpu->apic_id = handover->apic_id;
        cpu->handover = handover;
        cpu->reset_edx = x86::cpuid(1).eax;
        cpu->physical_lapic = x86::PhysicalLapic(vmm.x2apic, lapic_va());
        cpu->console.cpu = cpu;
        cpu->console.number = i;
        cpu->current = &cpu->console;
        vmm.console_worlds[i] = &cpu->console;
        cpu->console.stats.apic_id = cpu->apic_id;
        fill_tss(*cpu);
        TRY(vmm.backend_ops->prepare(*cpu));
        handover->vmm_cr3 = vmm.host.root().raw();
        handover->vmm_rsp = cpu->stack_top();
    }
    return {};
}

Result<> prepare_backend(Vmm &vmm) {
    vmm.backend_ops = choose_backend();
    if (!vmm.backend_ops)
        return Errc::Unsupported;
    vmm.backend = vmm.backend_ops->name;
    return vmm.backend_ops->init(vmm);
}

Result<> prepare_rendezvous(Vmm &vmm) {
    add_console(TRY(allocate_array<Scheduler::Cpu>(vmm, vmm.cpu_count)), x86::rdtsc());
    vmm.launch.expect(vmm.cpu_count, vmm.handover->timeout_tsc);
    vmm.leave.expect(vmm.cpu_count, vmm.handover->timeout_tsc);
    return {};
}

struct Stage {
    const char *what;
    Result<> (*perform)(Vmm &);
    int status; // enum vmnix_status when it fails otherwise than for want of memory
};

constexpr Stage kStages[] = {
    {"hand-over structure", check_handover, VMNIX_ERR_ABI},
    {"CPU features", learn_cpu, VMNIX_ERR_CPU},
    {"log", prepare_log, VMNIX_ERR_MEMORY},
    {"memory map", learn_memory, VMNIX_ERR_LAYOUT},
    {"switch stub", keep_launch_stub, VMNIX_ERR_MEMORY},
    {"address space", switch_tables, VMNIX_ERR_LAYOUT},
    {"pieces", map_pieces, VMNIX_ERR_MEMORY},
    {"IO-APICs", note_io_apics, VMNIX_ERR_LAYOUT},
    {"virtualisation", prepare_backend, VMNIX_ERR_CPU},
    {"CPUs", prepare_cpus, VMNIX_ERR_MEMORY},
    {"rendezvous", prepare_rendezvous, VMNIX_ERR_STATE},
};

// A fault below is a report from here on, by gates beside those of the page's tables, which stay in force: this stack
// is none that the VMM's handlers of NMIs and machine checks know. No fault has a stack of its own, as TR is the
// console's.
void take_faults(vmnix_handover_cpu &self) {
    for (unsigned vector = 0; vector < VMNIX_EARLY_VECTORS; vector++) {
        if (vector == static_cast<unsigned>(x86::Vector::Nmi) ||
            vector == static_cast<unsigned>(x86::Vector::MachineCheck))
            continue;
        const x86::Gate gate = x86::Gate::interrupt(stub_address(vector), 0);
        self.early_idt[vector] = {gate.low, gate.high};
    }
}

} // namespace

int initialise(vmnix_handover *handover, vmnix_handover_cpu &self) {
    g_vmm.handover = handover;
    take_faults(self);
    fill_idt(g_vmm.idt);
    const std::uint64_t arena_end = handover->arena_base + handover->arena_size;
    g_vmm.frames.use({Hpa(handover->arena_free), arena_end - handover->arena_free});
    for (const Stage &stage : kStages) {
        const auto done = stage.perform(g_vmm);
        if (!done)
            return done.error() == Errc::NoMemory ? VMNIX_ERR_MEMORY : stage.status;
    }
    handover->arena_used = g_vmm.frames.next().raw() - handover->arena_base;
    return VMNIX_OK;
}

} // namespace vmm
