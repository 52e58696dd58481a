// SPDX-License-Identifier: GPL-2.0-only
// From SVM's exit codes to neutral exits. APM vol. 2, appendix C.
#include "vmm/exit/dispatch.hpp"
#include "vmm/svm/backend.hpp"
#include "vmm/svm/vcpu.hpp"

namespace vmm::svm {
namespace {

PortAccess decode_port(std::uint64_t info) {
    return {.port = ioio::Port::get(info),
            .size = static_cast<std::uint8_t>(info & ioio::Size8 ? 1 : info & ioio::Size16 ? 2 : 4),
            .in = (info & ioio::In) != 0,
            .string = (info & ioio::String) != 0,
            .rep = (info & ioio::Rep) != 0};
}

NestedFault decode_fault(const ControlArea &control) {
    const std::uint64_t info = control.exit_info1;
    return {.address = Gpa(control.exit_info2),
            .present = (info & npf::Present) != 0,
            .write = (info & npf::Write) != 0,
            .execute = (info & npf::Execute) != 0,
            .final = (info & npf::FinalTranslation) != 0};
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

// NRIP is the address after the instruction, where the CPU saves it (15.7.1): the difference is the length.
std::uint8_t length_by_next_rip(const State &state, const Vmcb &vmcb) {
    return state.has_next_rip ? static_cast<std::uint8_t>(vmcb.control.next_rip - vmcb.save.rip) : 0;
}

Verdict dispatch(Vcpu v) {
    const ControlArea &control = v.vmcb().control;
    const auto code = static_cast<ExitCode>(control.exit_code);
    Exit exit{.kind = ExitKind::Other, .code = control.exit_code};
    switch (code) {
    case ExitCode::Intr:
        exit.kind = ExitKind::Interrupt;
        break;
    case ExitCode::Msr:
        exit.kind = control.exit_info1 & 1 ? ExitKind::MsrWrite : ExitKind::MsrRead;
        exit.length = length_by_next_rip(v.state(), v.vmcb());
        break;
    case ExitCode::Npf:
        exit.kind = ExitKind::NestedFault;
        exit.fault = decode_fault(control);
        break;
    case ExitCode::Cpuid:
        exit.kind = ExitKind::Cpuid;
        exit.length = length_by_next_rip(v.state(), v.vmcb());
        break;
    case ExitCode::Vmmcall:
        exit.kind = ExitKind::Hypercall;
        break;
    case ExitCode::Vintr:
        exit.kind = ExitKind::Window;
        break;
    case ExitCode::Ioio:
        exit.kind = ExitKind::Port;
        exit.port = decode_port(control.exit_info1);
        exit.length = static_cast<std::uint8_t>(control.exit_info2 - v.rip());
        break;
    default:
        v.enter_host_context(); // rare exits may go deep
        exit.kind = kind_of_rare(code);
        exit.vector = static_cast<std::uint8_t>(control.exit_code - static_cast<std::uint64_t>(ExitCode::Exception0));
        exit.length = length_by_next_rip(v.state(), v.vmcb());
    }
    return handle(v, exit);
}

// An exit in the middle of an event's delivery: the event is delivered again. APM vol. 2, 15.7.2 and 15.20.
void requeue_interrupted_event(Vcpu v) {
    const std::uint64_t interrupted = v.vmcb().control.exit_int_info;
    // A software interrupt is raised again by its instruction, as rIP still points to it.
    if (event::TypeField::get(interrupted) != event::SoftwareInterrupt)
        v.vmcb().control.event_inj = interrupted;
}

void finish(Vcpu v) {
    State &state = v.state();
    ControlArea &control = v.vmcb().control;
    if (state.host_context) [[unlikely]] {
        vmload(state.vmcb_pa);
        state.host_context = false;
    }
    if (state.flush) [[unlikely]] {
        control.tlb_control = state.has_flush_by_asid ? TlbControl::FlushThisAsid : TlbControl::FlushAll;
        state.flush = false;
    } else {
        control.tlb_control = TlbControl::Nothing;
    }
    v.vmcb().save.rax = v.gpr(x86::Gpr::Rax);
    v.vmcb().save.rsp = v.gpr(x86::Gpr::Rsp);
}

} // namespace

// IRET after an NMI: it is stepped over, so that the next NMI comes after it and not in the middle of the handler.
Verdict Vcpu::handle_control(const Exit &exit) {
    switch (static_cast<ExitCode>(exit.code)) {
    case ExitCode::Iret:
        vmcb_.control.intercept3 &= ~intercept::Iret;
        state_.nmi_stepping = true;
        vmcb_.save.rflags |= x86::rflags::TF;
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
    std::uint64_t &reg = cpu_.gpr[decoded->base & 15];
    if (write && reg > 15) {
        inject(x86::Vector::GeneralProtection, 0);
        return Verdict::Resume;
    }
    if (write)
        cpu_.lapic.set_task_priority(static_cast<std::uint8_t>(reg << 4));
    else
        reg = cpu_.lapic.task_priority() >> 4;
    advance(decoded->length);
    return Verdict::Resume;
}

extern "C" bool svm_exit(Cpu &cpu) {
    Vcpu v(cpu);
    v.gpr(x86::Gpr::Rax) = v.vmcb().save.rax;
    v.gpr(x86::Gpr::Rsp) = v.vmcb().save.rsp;
    v.vmcb().control.event_inj = 0; // what was injected has been delivered, or is in EXITINTINFO
    if (v.event_interrupted()) [[unlikely]]
        requeue_interrupted_event(v);
    if (dispatch(v) == Verdict::Leave) [[unlikely]]
        return true;
    prepare_entry(v);
    finish(v);
    return false;
}

} // namespace vmm::svm
