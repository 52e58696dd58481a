// SPDX-License-Identifier: GPL-2.0-only
// From VT-x's exit reasons to neutral exits. SDM vol. 3, appendix C and 28.2.
#include "vmm/exit/dispatch.hpp"
#include "vmm/vm/dispatch.hpp"
#include "vmm/vm/turn.hpp"
#include "vmm/vmx/backend.hpp"
#include "vmm/vmx/entry_check.hpp"
#include "vmm/vmx/entry_failure.hpp"
#include "vmm/vmx/vm_vcpu.hpp"

#include <algorithm>

namespace vmm::vmx {
namespace {

// Of the instruction that exited; not of one that faulted.
[[gnu::always_inline]] inline std::uint8_t instruction_length() {
    return static_cast<std::uint8_t>(vmread(VmcsField::VmExitInstructionLength));
}

PortAccess decode_port(std::uint64_t qualification) {
    return {.port = io::Port::get(qualification),
            .size = static_cast<std::uint8_t>(io::size(qualification)),
            .in = (qualification & io::In) != 0,
            .string = (qualification & io::String) != 0,
            .rep = (qualification & io::Rep) != 0};
}

ExitKind kind_of_rare(ExitReason reason) {
    switch (reason) {
    case ExitReason::Init:
        return ExitKind::Init;
    case ExitReason::TripleFault:
        return ExitKind::Shutdown;
    case ExitReason::ControlRegister:
    case ExitReason::Invd:
    case ExitReason::Wbinvd:
    case ExitReason::Mwait:
    case ExitReason::Xsetbv:
        return ExitKind::Control;
    case ExitReason::Hlt:
        return ExitKind::Halt;
    case ExitReason::Getsec:
    case ExitReason::Rdpmc:
    case ExitReason::Vmclear:
    case ExitReason::Vmlaunch:
    case ExitReason::Vmptrld:
    case ExitReason::Vmptrst:
    case ExitReason::Vmread:
    case ExitReason::Vmresume:
    case ExitReason::Vmwrite:
    case ExitReason::Vmxoff:
    case ExitReason::Vmxon:
    case ExitReason::Monitor:
    case ExitReason::Invept:
    case ExitReason::Invvpid:
        return ExitKind::Refused;
    default:
        return ExitKind::Other;
    }
}

// Whose handlers: the console's or a VM's.
template <class V> [[gnu::always_inline]] inline Verdict act(V v, const Exit &exit) {
    if constexpr (V::kIsVm)
        return handle_vm(v, exit);
    else
        return handle(v, exit);
}

// What the VMM wrote cannot be entered: its own mistake, save what a guest can bring a VM's block to. `words` are the
// CPU's; the oracle knows more.
template <class V> [[gnu::cold]] Verdict refuse_entry(V v, const char *words) {
    const char *fault = v.entry_fault();
    log("CPU ", v.cpu().index, ": ", words, "; ", fault ? fault : "the state seems sound");
    if constexpr (V::kIsVm)
        return crash_vm(v, fault ? fault : words);
    else
        panic(fault ? fault : words, __FILE__, __LINE__);
}

// A debug exception that exits has not written DR6 nor cleared DR7.GD, and its injection will not: 28.1 and 27.6.1.
void take_debug_exit() {
    constexpr std::uint64_t kReported = 0xf | debug_exit::DebugRegister | debug_exit::SingleStep,
                            kGeneralDetect = bit(13);
    x86::write_dr6((x86::read_dr6() & ~0xfull) | (vmread(VmcsField::ExitQualification) & kReported));
    vmwrite(VmcsField::GuestDr7, vmread(VmcsField::GuestDr7) & ~kGeneralDetect);
}

// Exceptions that are intercepted, and NMIs.
template <class V> Verdict handle_event(V v) {
    const auto info = static_cast<std::uint32_t>(vmread(VmcsField::VmExitInterruptionInfo));
    if (interruption::TypeField::get(info) == interruption::Type::Nmi)
        return act(v, {.kind = ExitKind::Nmi});
    const std::uint8_t vector = interruption::Vector::get(info);
    if (vector == static_cast<std::uint8_t>(x86::Vector::Debug))
        take_debug_exit();
    return act(v, {.kind = ExitKind::Exception, .vector = vector});
}

// A task switch in a guest that is not in long mode: no kernel of the last twenty years makes one, and VT-x leaves all
// of it to software. It ends like a triple fault, with a line that says why.
template <class V> Verdict handle_task_switch(V v) {
    if constexpr (V::kIsVm)
        return crash_vm(v, "a hardware task switch, which VT-x does not offer");
    log("CPU ", v.cpu().index, ": the console made a hardware task switch, which VT-x does not offer");
    return handle_shutdown(v);
}

template <class V> [[gnu::cold, gnu::noinline]] Verdict dispatch_rare(V v, std::uint32_t reason) {
    if (reason & exit_reason::EntryFailure)
        return refuse_entry(v, entry_failure(exit_reason::Basic::get(reason), vmread(VmcsField::ExitQualification)));
    const ExitReason basic = exit_reason::Basic::get(reason);
    switch (basic) {
    case ExitReason::ExceptionOrNmi:
        return handle_event(v);
    case ExitReason::NmiWindow:
        v.set_processor(processor::NmiWindow, false);
        return Verdict::Resume;
    case ExitReason::TaskSwitch:
        return handle_task_switch(v);
    default:
        return act(
            v,
            {.kind = kind_of_rare(basic), .length = instruction_length(), .code = static_cast<std::uint64_t>(basic)});
    }
}

// An exit in the middle of an event's delivery: the event is delivered again. SDM vol. 3, 28.2.4.
void requeue_interrupted_event(Vcpu v) {
    using interruption::Type;
    const std::uint32_t vectoring = v.state().vectoring;
    const Type type = interruption::TypeField::get(vectoring);
    // A software interrupt is raised again by its instruction, as RIP still points to it.
    if (interruption::is_software(type))
        return;
    if (type == Type::Nmi) // it blocks NMIs when it is delivered, and not before: 27.2.1.3
        vmwrite(VmcsField::GuestInterruptibility,
                vmread(VmcsField::GuestInterruptibility) & ~std::uint64_t{interruptibility::BlockingByNmi});
    if (vectoring & interruption::HasError)
        vmwrite(VmcsField::VmEntryExceptionErrorCode, vmread(VmcsField::IdtVectoringErrorCode));
    vmwrite(VmcsField::VmEntryInterruptionInfo, vectoring & ~interruption::NmiUnblocking);
}

// An IRET that had unblocked NMIs faulted: they are still blocked. 28.2.3.
void block_nmis_again() {
    vmwrite(VmcsField::GuestInterruptibility,
            vmread(VmcsField::GuestInterruptibility) | interruptibility::BlockingByNmi);
}

// PAE paging of 32 bits has its four top entries in the CPU: 4.4.1 and 27.3.2.4. False: with these it is #GP.
template <class V> bool load_pdptes(V v) {
    std::array<std::uint64_t, 4> entries{};
    const Gpa at(vmread(VmcsField::GuestCr3) & 0xffffffe0);
    const std::byte *from = v.memory().at(at); // 32 bytes, aligned, hence within a page
    if (!from)
        return false;
    __builtin_memcpy(entries.data(), from, sizeof(entries));
    const EntryLimits limits = entry_limits(g_shared.capabilities);
    if (!std::ranges::all_of(entries, [&](std::uint64_t entry) { return is_pdpte(entry, limits); }))
        return false;
    for (unsigned i = 0; i < entries.size(); i++)
        vmwrite(static_cast<VmcsField>(static_cast<std::uint32_t>(VmcsField::GuestPdpte0) + 2 * i), entries[i]);
    return true;
}

// MOV to CR0 that changes a bit which is the VMM's in truth: SDM vol. 3, 2.5 and 4.1.2.
template <class V> bool write_cr0(V v, std::uint64_t value) {
    namespace c0 = x86::cr0;
    const std::uint64_t old = vmread(VmcsField::GuestCr0), efer = v.guest_efer();
    const bool paging = value & c0::PG, was_paging = old & c0::PG;
    if ((value >> 32) != 0 || (paging && !(value & c0::PE)) || ((value & c0::NW) && !(value & c0::CD)))
        return false;
    const bool enters_long = paging && !was_paging && (efer & x86::efer::LME);
    const bool leaves_long = !paging && was_paging && (efer & x86::efer::LMA);
    const bool code64 = vmread(VmcsField::GuestCsAccessRights) & access_rights::Long;
    if ((enters_long && (!(v.cr4() & x86::cr4::PAE) || code64)) || (leaves_long && code64))
        return false;
    if (enters_long || leaves_long) {
        const std::uint64_t entry = vmread(VmcsField::EntryControls);
        v.set_guest_efer(enters_long ? efer | x86::efer::LMA : efer & ~x86::efer::LMA);
        vmwrite(VmcsField::EntryControls, enters_long ? entry | entry_control::Ia32eModeGuest
                                                      : entry & ~std::uint64_t{entry_control::Ia32eModeGuest});
    }
    if (paging && !was_paging && !enters_long && (v.cr4() & x86::cr4::PAE) && !load_pdptes(v))
        return false;
    v.load_cr0(value);
    v.request_flush();
    return true;
}

// CR8 is the task priority of the virtual APIC.
template <class V> bool write_cr8(V v, std::uint64_t value) {
    if (value > 15)
        return false;
    v.set_task_priority(static_cast<std::uint8_t>(value << 4));
    return true;
}

template <class V> Verdict handle_control_register(V v, const Exit &exit) {
    using cr_access::Type;
    const std::uint64_t qualification = vmread(VmcsField::ExitQualification);
    std::uint64_t &reg = v.world().gpr[cr_access::Gpr::get(qualification)];
    const std::uint8_t number = cr_access::Register::get(qualification);
    bool done = false; // CR4: only its VMXE exits, and the guest has none
    if (cr_access::TypeField::get(qualification) == Type::MovFrom) {
        reg = v.world().lapic.task_priority() >> 4; // no other read exits
        done = true;
    } else if (number == 0) {
        done = write_cr0(v, reg);
    } else if (number == 8) {
        done = write_cr8(v, reg);
    }
    if (done)
        v.advance(exit.length);
    else
        v.inject(x86::Vector::GeneralProtection, 0);
    return Verdict::Resume;
}

template <class V> [[gnu::cold]] Verdict handle_control_of(V v, const Exit &exit) {
    switch (static_cast<ExitReason>(exit.code)) {
    case ExitReason::ControlRegister:
        return handle_control_register(v, exit);
    case ExitReason::Invd:
    case ExitReason::Wbinvd:
        return handle_invd(v, exit);
    case ExitReason::Mwait:
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

NestedFault Vcpu::nested_fault() const {
    using namespace ept_violation;
    const std::uint64_t info = vmread(VmcsField::ExitQualification);
    return {.present = (info & (Readable | Writable | Executable)) != 0,
            .write = (info & Write) != 0,
            .execute = (info & Fetch) != 0,
            .final = (info & LinearValid) != 0 && (info & FinalTranslation) != 0};
}

namespace {

[[gnu::noinline]] World *end_turn(World &from) {
    return next_turn<Vcpu, VmVcpu>(from);
}

// After the handler, whatever the exit was: the world that is entered next; null when this CPU leaves.
template <class V> [[gnu::always_inline]] inline World *conclude(V v, Verdict verdict) {
    if (verdict == Verdict::Leave) [[unlikely]]
        return nullptr;
    // What arrives after this is looked at once more before the entry: vmx/world_switch.S.
    std::atomic_ref(v.cpu().unseen).store(false, std::memory_order_relaxed);
    std::atomic_signal_fence(std::memory_order_seq_cst);
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
    v.state().acknowledged = interruption::Vector::get(vmread(VmcsField::VmExitInterruptionInfo));
    return conclude(v, act(v, {.kind = ExitKind::Interrupt}));
}
template <class V> [[gnu::noinline]] World *exit_window(V v) {
    v.world().stats.exits[VMNIX_EXIT_WINDOW]++; // the offer that it was opened for is renewed
    return conclude(v, Verdict::Resume);
}
template <class V> [[gnu::noinline]] World *exit_msr_write(V v) {
    return conclude(v, act(v, {.kind = ExitKind::MsrWrite, .length = instruction_length()}));
}
template <class V> [[gnu::noinline]] World *exit_msr_read(V v) {
    return conclude(v, act(v, {.kind = ExitKind::MsrRead, .length = instruction_length()}));
}
template <class V> [[gnu::noinline]] World *exit_nested_fault(V v) {
    if ((vmread(VmcsField::ExitQualification) & ept_violation::NmiUnblocking) && !v.event_interrupted()) [[unlikely]]
        block_nmis_again();
    return conclude(v,
                    act(v, {.kind = ExitKind::NestedFault, .address = Gpa(vmread(VmcsField::GuestPhysicalAddress))}));
}
template <class V> [[gnu::noinline]] World *exit_cpuid(V v) {
    return conclude(v, act(v, {.kind = ExitKind::Cpuid, .length = instruction_length()}));
}
template <class V> [[gnu::noinline]] World *exit_halt(V v) {
    return conclude(v, act(v, {.kind = ExitKind::Halt, .length = instruction_length()}));
}
template <class V> [[gnu::noinline]] World *exit_hypercall(V v) {
    return conclude(v, act(v, {.kind = ExitKind::Hypercall, .length = instruction_length()}));
}
template <class V> [[gnu::noinline]] World *exit_port(V v) {
    return conclude(v, act(v, {.kind = ExitKind::Port,
                               .length = instruction_length(),
                               .port = decode_port(vmread(VmcsField::ExitQualification))}));
}
template <class V> [[gnu::noinline]] World *exit_rare(V v, std::uint32_t reason) {
    return conclude(v, dispatch_rare(v, reason));
}

template <class V> [[gnu::always_inline]] inline World *dispatch(V v, std::uint32_t reason) {
    switch (static_cast<ExitReason>(reason)) { // whole: an entry that failed is none of these
    case ExitReason::ExternalInterrupt:
        return exit_interrupt(v);
    case ExitReason::Wrmsr:
        return exit_msr_write(v);
    case ExitReason::Rdmsr:
        return exit_msr_read(v);
    case ExitReason::EptViolation:
        return exit_nested_fault(v);
    case ExitReason::Cpuid:
        return exit_cpuid(v);
    case ExitReason::Vmcall:
        return exit_hypercall(v);
    case ExitReason::Io:
        return exit_port(v);
    case ExitReason::Hlt:
        return exit_halt(v);
    case ExitReason::InterruptWindow:
        return exit_window(v);
    default:
        return exit_rare(v, reason);
    }
}

// Apart, so that all others need no stack frame.
template <class V> [[gnu::noinline]] World *exit_beside_event(V v, std::uint32_t reason) {
    if (v.has_offered()) {
        if constexpr (V::kIsVm)
            settle_vm_offer(v);
        else
            settle_offer(v);
    }
    if (v.event_interrupted())
        requeue_interrupted_event(v);
    return dispatch(v, reason);
}

template <class V> [[gnu::always_inline]] inline World *take_exit(V v) {
    State &state = v.state();
    v.gpr(x86::Gpr::Rsp) = vmread(VmcsField::GuestRsp);
    const auto reason = static_cast<std::uint32_t>(vmread(VmcsField::ExitReason));
    state.vectoring = static_cast<std::uint32_t>(vmread(VmcsField::IdtVectoringInfo));
    state.flushed = false;
    checks::after_exit(v);
    if (v.has_offered() || v.event_interrupted()) [[unlikely]]
        return exit_beside_event(v, reason);
    return dispatch(v, reason);
}

[[gnu::noinline]] World *take_vm_exit(VmVcpu v) {
    return take_exit(v);
}

} // namespace

extern "C" World *vmx_exit(World &world) {
    if (world.vm) [[unlikely]]
        return take_vm_exit(VmVcpu(world));
    return take_exit(Vcpu(world));
}

// Something has arrived since the world was prepared for its entry; what it was offered is settled as after an exit,
// with nothing taken.
extern "C" World *vmx_look_again(World &world) {
    Vcpu v(world);
    if (v.has_offered()) {
        const bool was_queued = v.state().injected;
        (void)v.end_offer();
        if (was_queued)
            vmwrite(VmcsField::VmEntryInterruptionInfo, 0);
    }
    if (world.vm)
        return conclude(VmVcpu(world), Verdict::Resume);
    return conclude(v, Verdict::Resume);
}

// VMLAUNCH or VMRESUME refused controls or the host's state: SDM vol. 3, 27.1 and 27.2.
extern "C" World *vmx_entry_failed(World &world) {
    const char *words = instruction_error(static_cast<std::uint32_t>(vmread(VmcsField::VmInstructionError)));
    if (world.vm)
        return conclude(VmVcpu(world), refuse_entry(VmVcpu(world), words));
    return conclude(Vcpu(world), refuse_entry(Vcpu(world), words));
}

// The first entry of a CPU's console: what is on this stack now is where exits come back to. As any entry it flushes
// what is owed, here what an earlier launch has left under the same VPID and tables: VMXON and VMXOFF flush nothing
// (29.4.3.3).
extern "C" void vmx_begin(World &world, std::uint64_t host_rsp) {
    g_shared.host_rsp[world.cpu->index] = host_rsp;
    fill_host_of(*world.cpu);
    (void)Vcpu(world).finish();
}

} // namespace vmm::vmx
