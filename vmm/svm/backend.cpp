// SPDX-License-Identifier: GPL-2.0-only
// Launch and leave on SVM: from a CPU that runs the console's kernel to a guest of the same state, and back.
#include "vmm/core/backend.hpp"

#include "vmm/core/segment.hpp"
#include "vmm/svm/backend.hpp"
#include "vmm/svm/entry_check.hpp"
#include "vmm/svm/instructions.hpp"
#include "vmm/svm/permission_maps.hpp"
#include "vmm/svm/state.hpp"
#include "vmm/x86/intrinsics.hpp"

namespace vmm::svm {

constinit Shared g_shared;

namespace {

constexpr std::uint32_t kSvmLeaf = 0x8000000a, kNextRipBit = 1u << 3, kFlushByAsidBit = 1u << 6;
constexpr std::uint32_t kConsoleAsid = 1;

std::span<std::uint8_t> map_bytes(Hpa frame, unsigned pages) {
    return {at_physical<std::uint8_t>(frame), pages * kPageSize};
}

Result<> init(Vmm &vmm) {
    g_shared.msr_map = TRY(vmm.frames.allocate(kMsrMapPages));
    g_shared.io_map = TRY(vmm.frames.allocate(kIoMapPages));
    fill_msr_map(map_bytes(g_shared.msr_map, kMsrMapPages));
    fill_io_map(map_bytes(g_shared.io_map, kIoMapPages), vmm.handover->power);
    g_shared.vm_msr_map = TRY(vmm.frames.allocate(kMsrMapPages));
    g_shared.vm_io_map = TRY(vmm.frames.allocate(kIoMapPages));
    fill_vm_msr_map(map_bytes(g_shared.vm_msr_map, kMsrMapPages), vmm.extended);
    __builtin_memset(at_physical<std::byte>(g_shared.vm_io_map), 0xff, kIoMapPages * kPageSize);
    g_shared.asid_count = x86::cpuid(kSvmLeaf).ebx;
    return g_shared.nested.unguarded().build(vmm, vmm.host.levels(), vmm.gigantic_pages ? 3 : 2);
}

void fill_controls(ControlArea &c) {
    constexpr std::uint32_t kCr8 = 1u << 8, kWrite = 16;
    const auto exception = [](x86::Vector v) { return 1u << static_cast<unsigned>(v); };
    c.intercept_cr = kCr8 | kCr8 << kWrite;
    c.intercept_exceptions =
        exception(x86::Vector::Debug) | exception(x86::Vector::AlignmentCheck) | exception(x86::Vector::MachineCheck);
    c.intercept3 = intercept::Intr | intercept::Nmi | intercept::Init | intercept::Cpuid | intercept::Invd |
                   intercept::Invlpga | intercept::Ioio | intercept::Msr | intercept::Shutdown;
    c.intercept4 = intercept::Vmrun | intercept::Vmmcall | intercept::Vmload | intercept::Vmsave | intercept::Stgi |
                   intercept::Clgi | intercept::Skinit | intercept::Xsetbv;
    c.iopm_base = g_shared.io_map.raw();
    c.msrpm_base = g_shared.msr_map.raw();
    c.asid = kConsoleAsid;
    c.tlb_control = TlbControl::FlushAll;
    c.vintr = vintr::VIntrMasking;
    c.nested_control = 1;
    c.n_cr3 = g_shared.nested.unguarded().tables().root().raw();
}

Result<> prepare(Cpu &cpu) {
    State &state = cpu.console.backend<State>();
    const std::uint32_t features = x86::cpuid(kSvmLeaf).edx;
    state.vmcb_pa = TRY(g_vmm.frames.allocate());
    state.host_vmcb_pa = TRY(g_vmm.frames.allocate());
    state.hsave_pa = TRY(g_vmm.frames.allocate());
    state.vmcb = at_physical<Vmcb>(state.vmcb_pa);
    cpu.console.extended.vectors = at_physical<std::byte>(TRY(g_vmm.frames.allocate()));
    state.has_next_rip = features & kNextRipBit;
    state.has_flush_by_asid = features & kFlushByAsidBit;
    fill_controls(state.vmcb->control);
    return {};
}

Segment to_segment(const SegmentState &s) {
    return {s.selector, s.attributes, s.limit, s.base};
}

Result<> capture_segments(SaveArea &save, const vmnix_switch_state &state, std::uint64_t efer) {
    const SegmentTables tables{{state.cr0, state.cr3, state.cr4, efer}, state.gdtr_base};
    save.cs = to_segment(TRY(read_segment(g_vmm.ram, tables, state.cs)));
    save.ss = to_segment(TRY(read_segment(g_vmm.ram, tables, state.ss)));
    save.ds = to_segment(TRY(read_segment(g_vmm.ram, tables, state.ds)));
    save.es = to_segment(TRY(read_segment(g_vmm.ram, tables, state.es)));
    save.gdtr = {0, 0, state.gdtr_limit, state.gdtr_base};
    save.idtr = {0, 0, state.idtr_limit, state.idtr_base};
    return {};
}

void capture_registers(SaveArea &save, const vmnix_handover_cpu &handover) {
    const vmnix_switch_state &state = handover.state;
    save.cr0 = state.cr0;
    save.cr2 = state.cr2;
    save.cr3 = state.cr3;
    save.cr4 = state.cr4;
    save.dr6 = state.dr6;
    save.dr7 = state.dr7;
    save.efer = handover.efer | x86::efer::SVME;
    save.rflags = x86::rflags::Fixed;
    save.rsp = state.rsp;
    save.rip = g_vmm.handover->stub_resume;
    save.cpl = 0;
}

Result<> capture(Cpu &cpu) {
    State &state = cpu.console.backend<State>();
    SaveArea &save = state.vmcb->save;
    vmsave(state.vmcb_pa); // FS, GS, TR, LDTR, KernelGSBase and the system-call MSRs, while they are the console's
    x86::load_tr();
    vmsave(state.host_vmcb_pa);
    state.before_entry |= State::kHostContext;
    x86::wrmsr(x86::msr::VmHsavePa, state.hsave_pa.raw());
    save.g_pat = x86::rdmsr(x86::msr::Pat);
    x86::wrmsr(x86::msr::Pat, kVmmPat);
    capture_registers(save, *cpu.handover);
    TRY(capture_segments(save, cpu.handover->state, cpu.handover->efer));
    return entry_fault(*state.vmcb, entry_limits()) ? Result<>(Errc::Invalid) : Result<>();
}

// VMLOAD takes TR from the block without looking at its busy bit, which LTR would refuse.
void release(Cpu &cpu) {
    State &state = cpu.console.backend<State>();
    if (!(state.before_entry & State::kHostContext))
        return;
    x86::wrmsr(x86::msr::Pat, state.vmcb->save.g_pat);
    x86::wrmsr(x86::msr::VmHsavePa, 0);
    vmload(state.vmcb_pa);
    state.before_entry &= ~State::kHostContext;
}

void run(Cpu &cpu) {
    State &state = cpu.console.backend<State>();
    vmload(state.vmcb_pa);
    state.before_entry &= ~State::kHostContext;
    // GIF is 0 since before the switch; IF=1 beside it lets physical interrupts end a guest's turn (15.21.2).
    x86::sti();
    svm_run(&cpu.console);
}

void give_back(Cpu &cpu) {
    const SaveArea &save = cpu.console.backend<State>().vmcb->save;
    vmnix_switch_state &to = cpu.handover->state;
    x86::cli();
    to.rsp = save.rsp;
    to.cr0 = save.cr0;
    to.cr2 = save.cr2;
    to.cr3 = save.cr3;
    to.cr4 = save.cr4;
    to.dr6 = save.dr6;
    to.dr7 = save.dr7;
    to.gdtr_limit = static_cast<std::uint16_t>(save.gdtr.limit);
    to.gdtr_base = save.gdtr.base;
    to.idtr_limit = static_cast<std::uint16_t>(save.idtr.limit);
    to.idtr_base = save.idtr.base;
    to.cs = save.cs.selector;
    to.ss = save.ss.selector;
    to.ds = save.ds.selector;
    to.es = save.es.selector;
    release(cpu);
    x86::wrmsr(x86::msr::Efer, save.efer); // SVME stays until the module has released the CPU
}

} // namespace

const Backend kBackend{VMNIX_BACKEND_SVM, init, prepare, capture, release, acknowledge_window, run, give_back};

} // namespace vmm::svm
