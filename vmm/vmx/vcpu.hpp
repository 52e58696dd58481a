// SPDX-License-Identifier: GPL-2.0-only
// A vCPU as the shared handlers see it: a view on its struct World and on the current VMCS, which is the world's.
#pragma once

#include "entry_checks.hpp"
#include "vmm/checks/translation.hpp"
#include "vmm/core/physmap.hpp"
#include "vmm/core/vmm.hpp"
#include "vmm/decode/instruction.hpp"
#include "vmm/exit/exit.hpp"
#include "vmm/mm/guest_memory.hpp"
#include "vmm/vmx/instructions.hpp"
#include "vmm/vmx/state.hpp"

namespace vmm::vmx {

inline constexpr std::uint64_t kDr6Reset = 0xffff0ff0;

struct FieldValue {
    VmcsField field;
    std::uint64_t value;
};

// Bits of CR0 that the guest sees as it wrote them and that are the VMM's in truth: NE, which VMX wants set, and a VM
// does not switch the machine's caches off.
inline std::uint64_t owned_cr0(const World &world) {
    return x86::cr0::NE | (world.vm ? x86::cr0::CD | x86::cr0::NW : 0);
}

class Vcpu {
  public:
    static constexpr bool kIsVm = false;

    explicit Vcpu(World &world) : world_(world) {}

    World &world() { return world_; }
    Cpu &cpu() { return *world_.cpu; }
    const ConsoleRam &memory() { return g_vmm.ram; }
    std::uint64_t &gpr(x86::Gpr reg) { return world_.gpr[static_cast<unsigned>(reg)]; }

    std::uint64_t rip() const { return vmread(VmcsField::GuestRip); }
    std::uint64_t rflags() const { return vmread(VmcsField::GuestRflags); }
    void set_rflags(std::uint64_t value) { vmwrite(VmcsField::GuestRflags, value); }
    std::uint64_t cr0() const {
        const std::uint64_t owned = owned_cr0(world_);
        return (vmread(VmcsField::GuestCr0) & ~owned) | (vmread(VmcsField::Cr0ReadShadow) & owned);
    }
    std::uint64_t cr4() const { return vmread(VmcsField::GuestCr4) & ~x86::cr4::VMXE; }
    // The DPL of SS, in any mode: SDM vol. 3, 25.4.1.
    std::uint8_t cpl() const { return access_rights::Dpl::get(vmread(VmcsField::GuestSsAccessRights)); }
    Paging paging() const {
        return {vmread(VmcsField::GuestCr0), vmread(VmcsField::GuestCr3), cr4(), vmread(VmcsField::GuestEfer)};
    }

    CodeSize code_size() const {
        const std::uint64_t cs = vmread(VmcsField::GuestCsAccessRights);
        if ((cs & access_rights::Long) && (vmread(VmcsField::GuestEfer) & x86::efer::LMA)) [[likely]]
            return CodeSize::Bits64;
        if (!(vmread(VmcsField::GuestCr0) & x86::cr0::PE) || (rflags() & x86::rflags::VM))
            return CodeSize::Bits16;
        return cs & access_rights::Default ? CodeSize::Bits32 : CodeSize::Bits16;
    }

    // Linear address of the next instruction. In 64-bit code the base of CS counts as zero: SDM vol. 1, 3.3.4.
    Gva instruction_address(CodeSize code) const {
        if (code == CodeSize::Bits64) [[likely]]
            return Gva(rip());
        return Gva((vmread(VmcsField::GuestCsBase) + rip()) & 0xffffffff);
    }

    // The instruction was emulated: go past it. It ends an interrupt shadow, and a set TF traps after it as after any
    // other.
    void advance(std::uint8_t length) {
        vmwrite(VmcsField::GuestRip, rip() + length);
        const std::uint64_t blocked = vmread(VmcsField::GuestInterruptibility);
        if (blocked & kShadow) [[unlikely]]
            vmwrite(VmcsField::GuestInterruptibility, blocked & ~kShadow);
        if (rflags() & x86::rflags::TF) [[unlikely]]
            trap_single_step();
    }

    // Queues an exception for the next entry; a fault while another event waits becomes what the manual says.
    void inject(x86::Vector vector) { inject_exception(vector, false, 0); }
    void inject(x86::Vector vector, std::uint32_t error) { inject_exception(vector, true, error); }

    std::uint64_t guest_efer() const { return vmread(VmcsField::GuestEfer); }
    void set_guest_efer(std::uint64_t value) { vmwrite(VmcsField::GuestEfer, value); }

    // Every exit loads the VMM's own segments, tables and stack: there is no other context to enter.
    void enter_host_context() {}

    bool event_queued() const { return vmread(VmcsField::VmEntryInterruptionInfo) & interruption::Valid; }

    // Injected with the next entry if the guest can take it then; otherwise the guest exits as soon as it can.
    void offer_interrupt(std::uint8_t vector);
    bool has_offered() const { return state().offered != 0; }
    // Takes the offer back: the vector if the guest has begun to handle it, nothing if it never saw it.
    MaybeVector end_offer();

    void set_task_priority(std::uint8_t priority) { world_.lapic.set_task_priority(priority); }

    // An NMI can be taken at the next entry.
    bool can_take_nmi() const {
        constexpr std::uint64_t kBlocks = kShadow | interruptibility::BlockingByNmi;
        return !(vmread(VmcsField::GuestInterruptibility) & kBlocks) && !event_queued();
    }
    void inject_nmi();
    void open_nmi_window() { set_processor(processor::NmiWindow, true); }
    // Virtual NMIs need no steps: the CPU says when they are open again.
    bool finish_nmi_step() { return false; }
    // An event's delivery was cut short by this exit.
    bool event_interrupted() const { return state().vectoring & interruption::Valid; }

    // INIT: registers as after reset (SDM vol. 3, 10.1.1), paging tables of the VMM kept.
    void reset();
    void start_at(std::uint8_t sipi_vector);

    void acknowledge_window() {
        if (const std::uint8_t vector = std::exchange(state().acknowledged, 0))
            cpu().acknowledged = vector;
        else
            vmx::acknowledge_window();
    }
    static void acknowledge_wait() { vmx::acknowledge_wait(); }
    void nmi_window() { nmi_again(); }
    bool is_wbinvd(const Exit &exit) const { return exit.code == static_cast<std::uint64_t>(ExitReason::Wbinvd); }
    // Whether HLT and MWAIT, by which a kernel idles, exit. One that sleeps in HLT by itself wakes to find out: it
    // would hold the CPU for the whole of its turn.
    void intercept_idle(bool on);
    void request_flush() { state().flush = true; }

    // See vmm/vm/turn.hpp.
    void save_turn();
    void load_turn(Cpu &cpu);
    [[gnu::always_inline]] World *finish() {
        if (state().flush) [[unlikely]]
            flush();
        checks::before_entry(*this);
        vmwrite(VmcsField::GuestRsp, gpr(x86::Gpr::Rsp));
        return &world_;
    }

    // For the assertion build.
    const char *entry_fault() const;
    bool flushes() const { return state().flushed; }
    checks::Translation translation() const {
        return {vmread(VmcsField::GuestCr0),  vmread(VmcsField::GuestCr3), vmread(VmcsField::GuestCr4),
                vmread(VmcsField::GuestEfer), state().ept_pointer,         state().vpid};
    }

    // Details of the EPT violation that exited; its address is in the Exit.
    NestedFault nested_fault() const;

    Verdict handle_control(const Exit &exit);
    // See ConsoleNested.
    bool map_more(Gpa address);
    bool follow_mtrrs();

    State &state() const { return world_.backend<State>(); }
    void set_processor(std::uint32_t controls, bool on) {
        const std::uint32_t now = on ? state().processor | controls : state().processor & ~controls;
        if (now != state().processor)
            vmwrite(VmcsField::ProcessorControls, state().processor = now);
    }
    // What the guest wrote to CR0, where the VMM lets it be so: bits that are the VMM's are shown and have no effect.
    void load_cr0(std::uint64_t value);

  protected:
    World &world_; // alone, so that a Vcpu travels in one register

  private:
    static constexpr std::uint64_t kShadow = interruptibility::BlockingBySti | interruptibility::BlockingByMovSs;

    void inject_exception(x86::Vector vector, bool has_error, std::uint32_t error);
    [[gnu::noinline]] void trap_single_step();
    [[gnu::noinline]] void flush();
    void give_vpid(Cpu &cpu);
};

} // namespace vmm::vmx
