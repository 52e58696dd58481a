// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/svm/vcpu.hpp"

#include "vmm/core/interrupts.hpp"
#include "vmm/exit/control.hpp"
#include "vmm/svm/backend.hpp"

namespace vmm::svm {
namespace {

constexpr std::uint64_t make_event(event::Type type, std::uint8_t vector) {
    return event::Valid | event::TypeField::make(type) | event::VectorField::make(vector);
}

// Contributory exceptions, APM vol. 2, 8.2.9: two in a row are a double fault.
constexpr bool is_contributory(std::uint8_t vector) {
    return vector == 0 || (vector >= 10 && vector <= 13);
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
            (void)handle_shutdown(*this); // the third fault in a row; does not return
    }
    queued = make_event(event::Exception, number) | (has_error ? event::HasError | event::Error::make(error) : 0);
}

void Vcpu::trap_single_step() {
    constexpr std::uint64_t kBs = bit(14);
    vmcb().save.dr6 |= kBs;
    inject(x86::Vector::Debug);
}

void Vcpu::inject_interrupt(std::uint8_t vector) {
    vmcb().control.event_inj = make_event(event::ExternalInterrupt, vector);
}

// The CPU does not block further NMIs after an injected one: the next waits for the IRET of this one.
void Vcpu::inject_nmi() {
    vmcb().control.event_inj = make_event(event::NmiType, static_cast<std::uint8_t>(x86::Vector::Nmi));
    vmcb().control.intercept3 |= intercept::Iret;
    state().nmi_blocked = true;
}

void Vcpu::open_nmi_window() {
    if (!state().nmi_blocked)
        set_interrupt_window(true); // only a shadow or another event is in the way: ask again soon
}

// VINTR exits when the guest can take a virtual interrupt of any priority.
void Vcpu::set_interrupt_window(bool open) {
    if (open) {
        vmcb().control.vintr |= vintr::VIrq | vintr::VIgnTpr | vintr::VIntrPrio::make(15);
        vmcb().control.intercept3 |= intercept::Vintr;
    } else {
        vmcb().control.vintr &= ~vintr::VIrq;
        vmcb().control.intercept3 &= ~intercept::Vintr;
    }
}

bool Vcpu::finish_nmi_step() {
    constexpr std::uint64_t kBs = bit(14);
    if (!state().nmi_stepping)
        return false;
    state().nmi_stepping = state().nmi_blocked = false;
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
        flush_everywhere(cpu_);
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
    for (std::uint64_t &reg : cpu_.gpr)
        reg = 0;
    gpr(x86::Gpr::Rdx) = cpu_.reset_edx;
    vmcb().control.event_inj = vmcb().control.exit_int_info = vmcb().control.interrupt_shadow = 0;
    vmcb().control.intercept3 &= ~intercept::Iret;
    state().nmi_blocked = state().nmi_stepping = false;
    set_interrupt_window(false);
    request_flush();
}

// Startup IPI: real mode at vector:0000. APM vol. 2, 14.1.5 and 16.5.
void Vcpu::start_at(std::uint8_t sipi_vector) {
    vmcb().save.cs = {static_cast<std::uint16_t>(sipi_vector << 8), 0x9b, 0xffff, std::uint64_t{sipi_vector} << 12};
    vmcb().save.rip = 0;
}

} // namespace vmm::svm
