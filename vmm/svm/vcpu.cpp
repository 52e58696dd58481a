// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/svm/vcpu.hpp"

#include "vmm/core/interrupts.hpp"
#include "vmm/exit/control.hpp"
#include "vmm/svm/backend.hpp"
#include "vmm/svm/vm_vcpu.hpp"
#include "vmm/vm/control.hpp"

namespace vmm::svm {
namespace {

constexpr std::uint64_t make_event(event::Type type, std::uint8_t vector) {
    return event::Valid | event::TypeField::make(type) | event::VectorField::make(vector);
}

// Contributory exceptions, APM vol. 2, 8.2.9: two in a row are a double fault.
constexpr bool is_contributory(std::uint8_t vector) {
    return vector == 0 || (vector >= 10 && vector <= 13);
}

void shut_down(Vcpu v) {
    if (v.world().vm)
        (void)handle_vm_shutdown(VmVcpu(v.world()));
    else
        (void)handle_shutdown(v);
}

Segment real_mode_segment(std::uint16_t selector, std::uint16_t attributes) {
    return {selector, attributes, 0xffff, std::uint64_t{selector} << 4};
}

} // namespace

void Vcpu::inject_exception(x86::Vector vector, bool has_error, std::uint32_t error) {
    std::uint64_t &queued = vmcb().control.event_inj;
    const auto number = static_cast<std::uint8_t>(vector);
    if (event_queued() && event::TypeField::get(queued) == event::Exception) {
        const std::uint8_t first = event::VectorField::get(queued);
        const bool doubled = (is_contributory(first) && is_contributory(number)) ||
                             (first == 14 && (is_contributory(number) || number == 14));
        if (doubled) {
            queued =
                make_event(event::Exception, static_cast<std::uint8_t>(x86::Vector::DoubleFault)) | event::HasError;
            return;
        }
        if (first == static_cast<std::uint8_t>(x86::Vector::DoubleFault) && (is_contributory(number) || number == 14))
            shut_down(*this); // the third fault in a row
    }
    queued = make_event(event::Exception, number) | (has_error ? event::HasError | event::Error::make(error) : 0);
}

void Vcpu::trap_single_step() {
    if (finish_nmi_step())
        return;
    constexpr std::uint64_t kBs = bit(14);
    vmcb().save.dr6 |= kBs;
    inject(x86::Vector::Debug);
}

// V_IRQ is clear once the CPU has begun the delivery. If that was cut short, the event stands in EXITINTINFO and is
// requeued: an emulator then leaves V_IRQ set all the same.
MaybeVector Vcpu::end_offer() {
    const std::uint8_t vector = state().offered;
    const std::uint64_t interrupted = vmcb().control.exit_int_info;
    const bool is_cut_short = (interrupted & event::Valid) && event::VectorField::get(interrupted) == vector;
    const bool is_taken = !(vmcb().control.vintr & vintr::VIrq) || is_cut_short;
    state().offered = 0;
    vmcb().control.vintr = masked_vintr();
    return is_taken ? MaybeVector(vector) : MaybeVector();
}

// The CPU does not block further NMIs after an injected one: the next waits for the IRET of this one.
void Vcpu::inject_nmi() {
    if (state().nmi_step == NmiStep::Shadow)
        (void)finish_nmi_step(); // another exit came first
    vmcb().control.event_inj = make_event(event::NmiType, static_cast<std::uint8_t>(x86::Vector::Nmi));
    vmcb().control.intercept3 |= intercept::Iret;
    state().nmi_blocked = true;
}

// Three things can be in the way. The IRET of the one in service is intercepted anyway. An event that is queued is
// delivered before the kick ends the guest's turn. A shadow lasts for one instruction: it is stepped over.
void Vcpu::open_nmi_window() {
    if (state().nmi_blocked || state().nmi_step != NmiStep::None)
        return;
    if (event_queued())
        return kick(cpu(), cpu());
    if (vmcb().save.rflags & x86::rflags::TF)
        return; // the guest steps by itself: its #DB exits
    state().nmi_step = NmiStep::Shadow;
    vmcb().save.rflags |= x86::rflags::TF;
}

// IRET has loaded the guest's own TF.
bool Vcpu::finish_nmi_step() {
    constexpr std::uint64_t kBs = bit(14);
    const NmiStep step = std::exchange(state().nmi_step, NmiStep::None);
    if (step == NmiStep::None)
        return false;
    if (step == NmiStep::Iret)
        state().nmi_blocked = false;
    else
        vmcb().save.rflags &= ~x86::rflags::TF;
    vmcb().save.dr6 &= ~kBs;
    return true;
}

bool Vcpu::map_more(Gpa address) {
    return g_shared.nested.lock()->map_more(address);
}

bool Vcpu::follow_mtrrs() {
    FlushDebt debt(false);
    const auto followed = g_shared.nested.lock()->follow(read_mtrrs(), debt);
    if (debt.settle())
        flush_everywhere(cpu());
    return static_cast<bool>(followed);
}

// APM vol. 2, table 14-1. CR0.CD and NW keep their values across INIT, as do the MSRs other than EFER, and XCR0.
// Called in host context, so that the hidden state written here is loaded at the next entry.
void Vcpu::reset() {
    constexpr std::uint16_t kData = 0x93, kCode = 0x9b, kLdt = 0x82, kTss = 0x8b;
    SaveArea &save = vmcb().save;
    save.cs = {0xf000, kCode, 0xffff, 0xffff0000};
    save.ds = save.es = save.ss = save.fs = save.gs = real_mode_segment(0, kData);
    save.gdtr = save.idtr = {0, 0, 0xffff, 0};
    save.ldtr = {0, kLdt, 0xffff, 0};
    save.tr = {0, kTss, 0xffff, 0};
    save.cr0 = (save.cr0 & (x86::cr0::CD | x86::cr0::NW)) | x86::cr0::ET;
    save.cr2 = save.cr3 = save.cr4 = 0;
    save.efer = x86::efer::SVME;
    save.rflags = x86::rflags::Fixed;
    save.rip = 0xfff0;
    save.rsp = 0;
    save.dr6 = 0xffff0ff0;
    save.dr7 = x86::dr7::Reset;
    save.cpl = 0;
    for (std::uint64_t &reg : world_.gpr)
        reg = 0;
    gpr(x86::Gpr::Rdx) = cpu().reset_edx;
    vmcb().control.event_inj = vmcb().control.exit_int_info = vmcb().control.interrupt_shadow = 0;
    vmcb().control.intercept3 &= ~intercept::Iret;
    state().nmi_blocked = false;
    state().nmi_step = NmiStep::None;
    request_flush();
}

// Startup IPI: real mode at vector:0000. APM vol. 2, 14.1.5 and 16.5.
void Vcpu::start_at(std::uint8_t sipi_vector) {
    vmcb().save.cs = {static_cast<std::uint16_t>(sipi_vector << 8), 0x9b, 0xffff, std::uint64_t{sipi_vector} << 12};
    vmcb().save.rip = 0;
}

} // namespace vmm::svm
