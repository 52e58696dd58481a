// SPDX-License-Identifier: GPL-2.0-only
// From SVM's exit codes to neutral exits. APM vol. 2, appendix C.
#include "vmm/exit/dispatch.hpp"
#include "vmm/svm/backend.hpp"
#include "vmm/svm/next_rip.hpp"
#include "vmm/svm/vm_vcpu.hpp"
#include "vmm/vm/dispatch.hpp"
#include "vmm/vm/turn.hpp"

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
    case ExitCode::Mwait:
    case ExitCode::Wbinvd:
        return ExitKind::Control;
    case ExitCode::Hlt:
        return ExitKind::Halt;
    case ExitCode::Vmrun:
    case ExitCode::Vmload:
    case ExitCode::Vmsave:
    case ExitCode::Stgi:
    case ExitCode::Clgi:
    case ExitCode::Skinit:
    case ExitCode::Invlpga:
    case ExitCode::Rdpmc:
    case ExitCode::Monitor:
        return ExitKind::Refused;
    default:
        break;
    }
    const std::uint64_t vector = static_cast<std::uint64_t>(code) - static_cast<std::uint64_t>(ExitCode::Exception0);
    return vector < 32 ? ExitKind::Exception : ExitKind::Other;
}

// Whose handlers: the console's or a VM's.
template <class V> [[gnu::always_inline]] inline Verdict act(V v, const Exit &exit) {
    if constexpr (V::kIsVm)
        return handle_vm(v, exit);
    else
        return handle(v, exit);
}

// VMEXIT_INVALID: the control block cannot be entered (15.5.1), a mistake of the VMM's. Emulators also leave with it
// from a guest that sets reserved bits of CR3 or CR4, which a CPU answers with #GP; then the block is sound.
template <class V> Verdict handle_invalid(V v) {
    if (const char *fault = v.entry_fault()) {
        if constexpr (V::kIsVm) // a guest can bring an emulator to it, by values that a CPU would not have let it load
            return crash_vm(v, fault);
        else
            panic(fault, __FILE__, __LINE__);
    }
    v.inject(x86::Vector::GeneralProtection, 0);
    return Verdict::Resume;
}

template <class V> [[gnu::cold, gnu::noinline]] Verdict dispatch_rare(V v, std::uint64_t code) {
    v.enter_host_context(); // rare exits may go deep
    if (static_cast<std::uint32_t>(code) ==
        static_cast<std::uint32_t>(ExitCode::Invalid)) // emulators fill 32 bits only
        return handle_invalid(v);
    return act(v, {.kind = kind_of_rare(static_cast<ExitCode>(code)),
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

// An ASID that nobody has used on this CPU since its translations were flushed.
void give_asid(Cpu &cpu, State &state) {
    Asids &asids = g_shared.asids[cpu.index];
    if (state.asid_cpu == cpu.index && state.asid_generation == asids.generation)
        return;
    if (asids.next >= g_shared.asid_count) {
        asids.next = kFirstVmAsid;
        asids.generation++;
        state.vmcb->control.tlb_control = TlbControl::FlushAll;
    }
    state.asid_cpu = cpu.index;
    state.asid_generation = asids.generation;
    state.vmcb->control.asid = asids.next++;
}

} // namespace

// Hidden state is in the blocks since enter_host_context().
void Vcpu::save_turn() {}

void Vcpu::load_turn(Cpu &cpu) {
    if (!world_.vm)
        return;
    state().host_vmcb_pa = cpu.console.backend<State>().host_vmcb_pa;
    give_asid(cpu, state());
}

void Vcpu::finish_rare() {
    State &state = this->state();
    if (state.before_entry & State::kHostContext)
        vmload(state.vmcb_pa);
    if (state.before_entry & State::kFlush)
        vmcb().control.tlb_control = state.has_flush_by_asid ? TlbControl::FlushThisAsid : TlbControl::FlushAll;
    state.before_entry = 0;
}

NestedFault Vcpu::nested_fault() const {
    const std::uint64_t info = vmcb().control.exit_info1;
    return {.present = (info & npf::Present) != 0,
            .write = (info & npf::Write) != 0,
            .execute = (info & npf::Execute) != 0,
            .final = (info & npf::FinalTranslation) != 0};
}

namespace {

// CR8 is the task priority of the virtual APIC.
template <class V> Verdict handle_cr8(V v, const Exit &exit) {
    const auto bytes = fetch(v);
    const auto decoded = bytes ? decode(as_span(*bytes), v.code_size()) : Result<Instruction>(bytes.error());
    const bool write = static_cast<ExitCode>(exit.code) == ExitCode::WriteCr8;
    if (!decoded || decoded->operation != (write ? Operation::MovToCr : Operation::MovFromCr))
        return Verdict::Resume;
    std::uint64_t &reg = v.world().gpr[decoded->base & 15];
    if (write && reg > 15) {
        v.inject(x86::Vector::GeneralProtection, 0);
        return Verdict::Resume;
    }
    if (write)
        v.set_task_priority(static_cast<std::uint8_t>(reg << 4));
    else
        reg = v.world().lapic.task_priority() >> 4;
    v.advance(decoded->length);
    return Verdict::Resume;
}

// IRET after an NMI: it is stepped over, so that the next NMI comes after it and not in the middle of the handler.
template <class V> [[gnu::cold]] Verdict handle_control_of(V v, const Exit &exit) {
    switch (static_cast<ExitCode>(exit.code)) {
    case ExitCode::Iret:
        v.vmcb().control.intercept3 &= ~intercept::Iret;
        v.state().nmi_step = NmiStep::Iret;
        v.vmcb().save.rflags |= x86::rflags::TF;
        return Verdict::Resume;
    case ExitCode::ReadCr8:
    case ExitCode::WriteCr8:
        return handle_cr8(v, exit);
    case ExitCode::Invd:
    case ExitCode::Wbinvd:
        return handle_invd(v, exit);
    case ExitCode::Mwait:
        return handle_mwait(v, exit);
    default:
        return handle_xsetbv(v, exit);
    }
}

} // namespace

Verdict Vcpu::handle_control(const Exit &exit) {
    return handle_control_of(*this, exit);
}

Verdict VmVcpu::handle_control(const Exit &exit) {
    return handle_control_of(*this, exit);
}

namespace {

[[gnu::noinline]] World *end_turn(World &from) {
    return next_turn<Vcpu, VmVcpu>(from);
}

// After the handler, whatever the exit was: the world that is entered next; null when this CPU leaves.
template <class V> [[gnu::always_inline]] inline World *conclude(V v, Verdict verdict) {
    if (verdict == Verdict::Leave) [[unlikely]]
        return nullptr;
    bool goes_on;
    if constexpr (V::kIsVm)
        goes_on = prepare_vm_entry(v);
    else
        goes_on = prepare_entry(v);
    if (!goes_on) [[unlikely]]
        return end_turn(v.world());
    return v.finish();
}

// One function per hot exit, reached by a jump: each saves only the registers that it uses itself.
template <class V> [[gnu::noinline]] World *exit_interrupt(V v) {
    return conclude(v, act(v, {.kind = ExitKind::Interrupt}));
}
template <class V> [[gnu::noinline]] World *exit_msr_write(V v) {
    return conclude(v, act(v, {.kind = ExitKind::MsrWrite, .length = length_by_next_rip(v)}));
}
template <class V> [[gnu::noinline]] World *exit_msr_read(V v) {
    return conclude(v, act(v, {.kind = ExitKind::MsrRead, .length = length_by_next_rip(v)}));
}
template <class V> [[gnu::noinline]] World *exit_nested_fault(V v) {
    return conclude(v, act(v, {.kind = ExitKind::NestedFault, .address = Gpa(v.vmcb().control.exit_info2)}));
}
template <class V> [[gnu::noinline]] World *exit_cpuid(V v) {
    return conclude(v, act(v, {.kind = ExitKind::Cpuid, .length = length_by_next_rip(v)}));
}
template <class V> [[gnu::noinline]] World *exit_halt(V v) {
    return conclude(v, act(v, {.kind = ExitKind::Halt, .length = length_by_next_rip(v)}));
}
template <class V> [[gnu::noinline]] World *exit_hypercall(V v) {
    return conclude(v, act(v, {.kind = ExitKind::Hypercall}));
}
template <class V> [[gnu::noinline]] World *exit_port(V v) {
    const ControlArea &control = v.vmcb().control;
    return conclude(v, act(v, {.kind = ExitKind::Port,
                               .length = static_cast<std::uint8_t>(control.exit_info2 - v.rip()),
                               .port = decode_port(control.exit_info1)}));
}
template <class V> [[gnu::noinline]] World *exit_rare(V v) {
    return conclude(v, dispatch_rare(v, v.vmcb().control.exit_code));
}

template <class V> [[gnu::always_inline]] inline World *dispatch(V v) {
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
    case ExitCode::Hlt:
        return exit_halt(v);
    default:
        return exit_rare(v);
    }
}

// Apart, so that all others need no stack frame.
template <class V> [[gnu::noinline]] World *exit_beside_event(V v) {
    if (v.has_offered()) {
        if constexpr (V::kIsVm)
            settle_vm_offer(v);
        else
            settle_offer(v);
    }
    if (v.event_interrupted())
        requeue_interrupted_event(v);
    return dispatch(v);
}

template <class V> [[gnu::always_inline]] inline World *take_exit(V v) {
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

[[gnu::noinline]] World *take_vm_exit(VmVcpu v) {
    return take_exit(v);
}

} // namespace

extern "C" World *svm_exit(World &world) {
    if (world.vm) [[unlikely]]
        return take_vm_exit(VmVcpu(world));
    return take_exit(Vcpu(world));
}

} // namespace vmm::svm
