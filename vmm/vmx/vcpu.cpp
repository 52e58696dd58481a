// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/vmx/vcpu.hpp"

#include "vmm/core/interrupts.hpp"
#include "vmm/exit/control.hpp"
#include "vmm/vm/control.hpp"
#include "vmm/vmx/backend.hpp"
#include "vmm/vmx/entry_check.hpp"
#include "vmm/vmx/vm_vcpu.hpp"

namespace vmm::vmx {
namespace {

using interruption::Type;

// Contributory exceptions, SDM vol. 3, table 6-5: two in a row are a double fault.
constexpr bool is_contributory(std::uint8_t vector) {
    return vector == 0 || (vector >= 10 && vector <= 13);
}

void shut_down(Vcpu v) {
    if (v.world().vm)
        (void)handle_vm_shutdown(VmVcpu(v.world()));
    else
        (void)handle_shutdown(v);
}

struct SegmentValue {
    SegmentIndex index;
    std::uint16_t selector;
    std::uint32_t limit, rights;
    std::uint64_t base;
};

void write_segment(const SegmentValue &s) {
    vmwrite(field_of(VmcsField::GuestEsSelector, s.index), s.selector);
    vmwrite(field_of(VmcsField::GuestEsLimit, s.index), s.limit);
    vmwrite(field_of(VmcsField::GuestEsAccessRights, s.index), s.rights);
    vmwrite(field_of(VmcsField::GuestEsBase, s.index), s.base);
}

constexpr std::uint32_t kRealLimit = 0xffff, kRealData = 0x93, kRealCode = 0x9b, kRealLdt = 0x82, kRealTss = 0x8b;

constexpr SegmentValue kResetSegments[] = {
    {SegmentIndex::Cs, 0xf000, kRealLimit, kRealCode, 0xffff0000},
    {SegmentIndex::Ss, 0, kRealLimit, kRealData, 0},
    {SegmentIndex::Ds, 0, kRealLimit, kRealData, 0},
    {SegmentIndex::Es, 0, kRealLimit, kRealData, 0},
    {SegmentIndex::Fs, 0, kRealLimit, kRealData, 0},
    {SegmentIndex::Gs, 0, kRealLimit, kRealData, 0},
    {SegmentIndex::Ldtr, 0, kRealLimit, kRealLdt, 0},
    {SegmentIndex::Tr, 0, kRealLimit, kRealTss, 0},
};

// What INIT leaves in other fields: SDM vol. 3, table 10-1.
constexpr FieldValue kResetFields[] = {
    {VmcsField::GuestCr3, 0},
    {VmcsField::GuestCr4, x86::cr4::VMXE},
    {VmcsField::GuestEfer, 0},
    {VmcsField::GuestDr7, x86::dr7::Reset},
    {VmcsField::GuestRflags, x86::rflags::Fixed},
    {VmcsField::GuestRip, 0xfff0},
    {VmcsField::GuestGdtrBase, 0},
    {VmcsField::GuestGdtrLimit, kRealLimit},
    {VmcsField::GuestIdtrBase, 0},
    {VmcsField::GuestIdtrLimit, kRealLimit},
    {VmcsField::GuestActivity, static_cast<std::uint64_t>(Activity::Active)},
    {VmcsField::GuestInterruptibility, 0},
    {VmcsField::PendingDebugExceptions, 0},
    {VmcsField::VmEntryInterruptionInfo, 0},
};

constexpr std::uint32_t kHiddenIndex[kHiddenMsrs] = {x86::msr::Star, x86::msr::Lstar, x86::msr::Cstar, x86::msr::Sfmask,
                                                     x86::msr::KernelGsBase};

} // namespace

void Vcpu::inject_exception(x86::Vector vector, bool has_error, std::uint32_t error) {
    const std::uint64_t queued = vmread(VmcsField::VmEntryInterruptionInfo);
    auto number = static_cast<std::uint8_t>(vector);
    if ((queued & interruption::Valid) && interruption::TypeField::get(queued) == Type::HardwareException) {
        const std::uint8_t first = interruption::Vector::get(queued);
        const bool page_fault_first = first == static_cast<std::uint8_t>(x86::Vector::PageFault);
        const bool page_fault = number == static_cast<std::uint8_t>(x86::Vector::PageFault);
        if (first == static_cast<std::uint8_t>(x86::Vector::DoubleFault) && (is_contributory(number) || page_fault))
            shut_down(*this); // the third fault in a row
        else if ((is_contributory(first) && is_contributory(number)) ||
                 (page_fault_first && (is_contributory(number) || page_fault))) {
            number = static_cast<std::uint8_t>(x86::Vector::DoubleFault);
            has_error = true;
            error = 0;
        }
    }
    // In real mode exceptions push no error code: 27.2.1.3.
    has_error = has_error && (vmread(VmcsField::GuestCr0) & x86::cr0::PE);
    vmwrite(VmcsField::VmEntryExceptionErrorCode, error);
    vmwrite(VmcsField::VmEntryInterruptionInfo, interruption::make(Type::HardwareException, number, has_error));
    // An exception wakes a CPU that sleeps; an entry with most of them refuses one that does: 27.3.1.5.
    vmwrite(VmcsField::GuestActivity, static_cast<std::uint64_t>(Activity::Active));
}

void Vcpu::trap_single_step() {
    x86::write_dr6(x86::read_dr6() | debug_exit::SingleStep);
    inject(x86::Vector::Debug);
}

// 27.2.1.3: an external interrupt is injected only where RFLAGS.IF is set and nothing blocks it. A second offer takes
// the place of the first, which has not been seen.
void Vcpu::offer_interrupt(std::uint8_t vector) {
    State &state = this->state();
    const bool replaces = state.offered != 0 && state.injected;
    state.offered = vector;
    state.injected = (rflags() & x86::rflags::IF) && !(vmread(VmcsField::GuestInterruptibility) & kShadow) &&
                     (replaces || !event_queued());
    if (state.injected)
        vmwrite(VmcsField::VmEntryInterruptionInfo, interruption::make(Type::ExternalInterrupt, vector));
    else
        set_processor(processor::InterruptWindow, true);
}

// What was injected has been delivered, or stands in IdtVectoringInfo and is requeued.
MaybeVector Vcpu::end_offer() {
    State &state = this->state();
    const std::uint8_t vector = std::exchange(state.offered, 0);
    set_processor(processor::InterruptWindow, false);
    return state.injected ? MaybeVector(vector) : MaybeVector();
}

void Vcpu::intercept_idle(bool on) {
    set_processor(processor::Hlt | (processor::Mwait & may_be_one(g_shared.capabilities.processor)), on);
    if (on && vmread(VmcsField::GuestActivity) == static_cast<std::uint64_t>(Activity::Hlt))
        vmwrite(VmcsField::GuestActivity, static_cast<std::uint64_t>(Activity::Active));
}

// With virtual NMIs the CPU blocks further ones until this one's IRET: 25.6.1.
void Vcpu::inject_nmi() {
    vmwrite(VmcsField::VmEntryInterruptionInfo,
            interruption::make(Type::Nmi, static_cast<std::uint8_t>(x86::Vector::Nmi)));
}

const char *Vcpu::entry_fault() const {
    return vmx::entry_fault(current_vmcs(), entry_limits(g_shared.capabilities));
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

void Vcpu::load_cr0(std::uint64_t value) {
    vmwrite(VmcsField::GuestCr0, (value & ~owned_cr0(world_)) | x86::cr0::NE);
    vmwrite(VmcsField::Cr0ReadShadow, value);
}

// SDM vol. 3, table 10-1. CR0.CD and NW keep their values across INIT, as do the MSRs other than EFER, and XCR0.
void Vcpu::reset() {
    const std::uint64_t before = cr0();
    for (const SegmentValue &segment : kResetSegments)
        write_segment(segment);
    for (const FieldValue &field : kResetFields)
        vmwrite(field.field, field.value);
    load_cr0((before & (x86::cr0::CD | x86::cr0::NW)) | x86::cr0::ET);
    vmwrite(VmcsField::EntryControls, vmread(VmcsField::EntryControls) & ~entry_control::Ia32eModeGuest);
    set_processor(processor::NmiWindow | processor::InterruptWindow, false);
    for (std::uint64_t &reg : world_.gpr)
        reg = 0;
    gpr(x86::Gpr::Rdx) = cpu().reset_edx;
    State &state = this->state();
    state.vectoring = 0;
    state.offered = 0;
    state.cr2 = 0;
    state.dr6 = kDr6Reset;
    if (state.loaded) {
        x86::write_cr2(state.cr2);
        x86::write_dr6(state.dr6);
    }
    request_flush();
}

// Startup IPI: real mode at vector:0000. SDM vol. 3, 9.4.4.
void Vcpu::start_at(std::uint8_t sipi_vector) {
    write_segment({SegmentIndex::Cs, static_cast<std::uint16_t>(sipi_vector << 8), kRealLimit, kRealCode,
                   std::uint64_t{sipi_vector} << 12});
    vmwrite(VmcsField::GuestRip, 0);
}

void Vcpu::save_turn() {
    State &state = this->state();
    for (std::size_t i = 0; i < kHiddenMsrs; i++)
        state.hidden[i] = x86::rdmsr(kHiddenIndex[i]);
    state.cr2 = x86::read_cr2();
    state.dr6 = x86::read_dr6();
    state.loaded = false;
    if (!world_.vm)
        return;
    // It may go on on another CPU, which must not find this one holding the VMCS: 25.11.1.
    VMM_ASSERT(vmclear(state.vmcs));
    state.launched = false;
}

void Vcpu::load_turn(Cpu &cpu) {
    State &state = this->state();
    VMM_ASSERT(vmptrld(state.vmcs));
    for (std::size_t i = 0; i < kHiddenMsrs; i++)
        x86::wrmsr(kHiddenIndex[i], state.hidden[i]);
    x86::write_cr2(state.cr2);
    x86::write_dr6(state.dr6);
    state.loaded = true;
    if (!world_.vm)
        return;
    fill_host_of(cpu);
    give_vpid(cpu);
}

// A VPID that nobody has used on this CPU since its translations were flushed. What hangs on the tables alone, without
// a VPID, may be another VM's whose tables lay in the same frame.
void Vcpu::give_vpid(Cpu &cpu) {
    State &state = this->state();
    Vpids &vpids = g_shared.vpids[cpu.index];
    if (state.vpid_cpu == cpu.index && state.vpid_generation == vpids.generation)
        return;
    if (vpids.next >= kVpidEnd) {
        vpids.next = kFirstVmVpid;
        vpids.generation++;
        VMM_ASSERT(invvpid(InvvpidType::AllContexts, 0, 0));
    }
    state.vpid_cpu = cpu.index;
    state.vpid_generation = vpids.generation;
    state.vpid = static_cast<std::uint16_t>(vpids.next++);
    vmwrite(VmcsField::Vpid, state.vpid);
    VMM_ASSERT(invept(InveptType::SingleContext, state.ept_pointer));
}

// 29.4.3: what came from the guest's own tables hangs on the VPID, what came from the VMM's on the EPT pointer.
void Vcpu::flush() {
    State &state = this->state();
    VMM_ASSERT(invept(InveptType::SingleContext, state.ept_pointer));
    VMM_ASSERT(invvpid(InvvpidType::SingleContext, state.vpid, 0));
    state.flush = false;
    state.flushed = true;
}

} // namespace vmm::vmx
