// SPDX-License-Identifier: GPL-2.0-only
// From SVM's exit codes to neutral exits. APM vol. 2, appendix C.
#include "entry_checks.hpp"
#include "vmm/exit/dispatch.hpp"
#include "vmm/svm/backend.hpp"
#include "vmm/svm/next_rip.hpp"
#include "vmm/svm/vcpu.hpp"

namespace vmm::svm {
namespace {

PortAccess decode_port(std::uint64_t info) {
    return {.port = ioio::Port::get(info),
            .size = static_cast<std::uint8_t>(info & ioio::Size8    ? 1
                                              : info & ioio::Size16 ? 2
                                                                    : 4),
            .in = (info & ioio::In) != 0,
            .string = (info & ioio::String) != 0,
            .rep = (info & ioio::Rep) != 0};
}

ExitKind kind_of_rare(ExitCode code) {
    switch (code) {
    case ExitCode::Nmi:
        return ExitKind::Nmi;
    case ExitCode::Init:
        return ExitKind::Init;
    case ExitCode::Shutdown:
        return ExitKind::Shutdown;
    case ExitCode::Iret:
    case ExitCode::Invd:
    case ExitCode::Xsetbv:
    case ExitCode::ReadCr8:
    case ExitCode::WriteCr8:
        return ExitKind::Control;
    case ExitCode::Vmrun:
    case ExitCode::Vmload:
    case ExitCode::Vmsave:
    case ExitCode::Stgi:
    case ExitCode::Clgi:
    case ExitCode::Skinit:
    case ExitCode::Invlpga:
        return ExitKind::Refused;
    default:
        break;
    }
    const std::uint64_t vector = static_cast<std::uint64_t>(code) - static_cast<std::uint64_t>(ExitCode::Exception0);
    return vector < 32 ? ExitKind::Exception : ExitKind::Other;
}

// VMEXIT_INVALID: the control block cannot be entered (15.5.1), a mistake of the VMM's. Emulators also leave with it
// from a guest that sets reserved bits of CR3 or CR4, which a CPU answers with #GP; then the block is sound.
Verdict handle_invalid(Vcpu v) {
    if (const char *fault = v.entry_fault())
        panic(fault, __FILE__, __LINE__);
    v.inject(x86::Vector::GeneralProtection, 0);
    return Verdict::Resume;
}

[[gnu::noinline]] Verdict dispatch_rare(Vcpu v, std::uint64_t code) {
    v.enter_host_context(); // rare exits may go deep
    if (static_cast<std::uint32_t>(code) ==
        static_cast<std::uint32_t>(ExitCode::Invalid)) // emulators fill 32 bits only
        return handle_invalid(v);
    return handle(v, {.kind = kind_of_rare(static_cast<ExitCode>(code)),
                      .length = length_by_next_rip(v),
                      .vector = static_cast<std::uint8_t>(code - static_cast<std::uint64_t>(ExitCode::Exception0)),
                      .code = code});
}

// An exit in the middle of an event's delivery: the event is delivered again. APM vol. 2, 15.7.2 and 15.20.
void requeue_interrupted_event(Vcpu v) {
    std::uint64_t interrupted = v.vmcb().control.exit_int_info;
    const bool is_exception = event::TypeField::get(interrupted) == event::Exception;
    if (is_exception && event::VectorField::get(interrupted) >= 32) // so emulators call a virtual interrupt
        interrupted = event::TypeField::set(interrupted, event::ExternalInterrupt);
    // A software interrupt is raised again by its instruction, as rIP still points to it.
    if (event::TypeField::get(interrupted) != event::SoftwareInterrupt)
        v.vmcb().control.event_inj = interrupted;
}

[[gnu::noinline]] void finish_rare(Vcpu v) {
    State &state = v.state();
    if (state.before_entry & State::kHostContext)
        vmload(state.vmcb_pa);
    if (state.before_entry & State::kFlush)
        v.vmcb().control.tlb_control = state.has_flush_by_asid ? TlbControl::FlushThisAsid : TlbControl::FlushAll;
    state.before_entry = 0;
}

} // namespace

NestedFault Vcpu::nested_fault() const {
    const std::uint64_t info = vmcb().control.exit_info1;
    return {.present = (info & npf::Present) != 0,
            .write = (info & npf::Write) != 0,
            .execute = (info & npf::Execute) != 0,
            .final = (info & npf::FinalTranslation) != 0};
}

// IRET after an NMI: it is stepped over, so that the next NMI comes after it and not in the middle of the handler.
Verdict Vcpu::handle_control(const Exit &exit) {
    switch (static_cast<ExitCode>(exit.code)) {
    case ExitCode::Iret:
        vmcb().control.intercept3 &= ~intercept::Iret;
        state().nmi_step = NmiStep::Iret;
        vmcb().save.rflags |= x86::rflags::TF;
        return Verdict::Resume;
    case ExitCode::ReadCr8:
    case ExitCode::WriteCr8:
        return handle_cr8(exit);
    case ExitCode::Invd:
        return handle_invd(*this, exit);
    default:
        return handle_xsetbv(*this, exit);
    }
}

// CR8 is the task priority of the virtual APIC.
Verdict Vcpu::handle_cr8(const Exit &exit) {
    const auto bytes = fetch(*this);
    const auto decoded = bytes ? decode(as_span(*bytes), code_size()) : Result<Instruction>(bytes.error());
    const bool write = static_cast<ExitCode>(exit.code) == ExitCode::WriteCr8;
    if (!decoded || decoded->operation != (write ? Operation::MovToCr : Operation::MovFromCr))
        return Verdict::Resume;
    std::uint64_t &reg = world_.gpr[decoded->base & 15];
    if (write && reg > 15) {
        inject(x86::Vector::GeneralProtection, 0);
        return Verdict::Resume;
    }
    if (write)
        world_.lapic.set_task_priority(static_cast<std::uint8_t>(reg << 4));
    else
        reg = world_.lapic.task_priority() >> 4;
    advance(decoded->length);
    return Verdict::Resume;
}

namespace {

// After the handler, whatever the exit was. True: this CPU leaves.
[[gnu::always_inline]] inline bool conclude(Vcpu v, Verdict verdict) {
    if (verdict == Verdict::Leave) [[unlikely]]
        return true;
    prepare_entry(v);
    if (v.state().before_entry != 0) [[unlikely]]
        finish_rare(v);
    checks::before_entry(v);
    v.vmcb().save.rax = v.gpr(x86::Gpr::Rax);
    v.vmcb().save.rsp = v.gpr(x86::Gpr::Rsp);
    return false;
}

// One function per hot exit, reached by a jump: each saves only the registers that it uses itself.
[[gnu::noinline]] bool exit_interrupt(Vcpu v) {
    return conclude(v, handle(v, {.kind = ExitKind::Interrupt}));
}
[[gnu::noinline]] bool exit_msr_write(Vcpu v) {
    return conclude(v, handle(v, {.kind = ExitKind::MsrWrite, .length = length_by_next_rip(v)}));
}
[[gnu::noinline]] bool exit_msr_read(Vcpu v) {
    return conclude(v, handle(v, {.kind = ExitKind::MsrRead, .length = length_by_next_rip(v)}));
}
[[gnu::noinline]] bool exit_nested_fault(Vcpu v) {
    return conclude(v, handle(v, {.kind = ExitKind::NestedFault, .address = Gpa(v.vmcb().control.exit_info2)}));
}
[[gnu::noinline]] bool exit_cpuid(Vcpu v) {
    return conclude(v, handle(v, {.kind = ExitKind::Cpuid, .length = length_by_next_rip(v)}));
}
[[gnu::noinline]] bool exit_hypercall(Vcpu v) {
    return conclude(v, handle(v, {.kind = ExitKind::Hypercall}));
}
[[gnu::noinline]] bool exit_port(Vcpu v) {
    const ControlArea &control = v.vmcb().control;
    return conclude(v, handle(v, {.kind = ExitKind::Port,
                                  .length = static_cast<std::uint8_t>(control.exit_info2 - v.rip()),
                                  .port = decode_port(control.exit_info1)}));
}
[[gnu::noinline]] bool exit_rare(Vcpu v) {
    return conclude(v, dispatch_rare(v, v.vmcb().control.exit_code));
}

[[gnu::always_inline]] inline bool dispatch(Vcpu v) {
    const ControlArea &control = v.vmcb().control;
    switch (static_cast<ExitCode>(control.exit_code)) {
    case ExitCode::Intr:
        return exit_interrupt(v);
    case ExitCode::Msr:
        return control.exit_info1 & 1 ? exit_msr_write(v) : exit_msr_read(v);
    case ExitCode::Npf:
        return exit_nested_fault(v);
    case ExitCode::Cpuid:
        return exit_cpuid(v);
    case ExitCode::Vmmcall:
        return exit_hypercall(v);
    case ExitCode::Ioio:
        return exit_port(v);
    default:
        return exit_rare(v);
    }
}

// Apart, so that all others need no stack frame.
[[gnu::noinline]] bool exit_beside_event(Vcpu v) {
    if (v.has_offered())
        settle_offer(v);
    if (v.event_interrupted())
        requeue_interrupted_event(v);
    return dispatch(v);
}

} // namespace

extern "C" bool svm_exit(World &world) {
    Vcpu v(world);
    Vmcb &vmcb = v.vmcb();
    v.gpr(x86::Gpr::Rax) = vmcb.save.rax;
    v.gpr(x86::Gpr::Rsp) = vmcb.save.rsp;
    vmcb.control.event_inj = 0; // what was injected has been delivered, or is in EXITINTINFO
    vmcb.control.tlb_control = TlbControl::Nothing;
    checks::after_exit(v);
    if (v.has_offered() || v.event_interrupted()) [[unlikely]]
        return exit_beside_event(v);
    return dispatch(v);
}

} // namespace vmm::svm
