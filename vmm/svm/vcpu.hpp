// SPDX-License-Identifier: GPL-2.0-only
// A vCPU as the shared handlers see it: a view on its struct World and its VMCB that costs nothing to pass.
#pragma once

#include "entry_checks.hpp"
#include "vmm/checks/translation.hpp"
#include "vmm/core/physmap.hpp"
#include "vmm/core/vmm.hpp"
#include "vmm/decode/instruction.hpp"
#include "vmm/exit/exit.hpp"
#include "vmm/mm/guest_memory.hpp"
#include "vmm/svm/entry_check.hpp"
#include "vmm/svm/instructions.hpp"
#include "vmm/svm/state.hpp"

namespace vmm::svm {

class Vcpu {
  public:
    static constexpr bool kIsVm = false;

    explicit Vcpu(World &world) : world_(world) {}

    World &world() { return world_; }
    Cpu &cpu() { return *world_.cpu; }
    const ConsoleRam &memory() { return g_vmm.ram; }
    std::uint64_t &gpr(x86::Gpr reg) { return world_.gpr[static_cast<unsigned>(reg)]; }

    std::uint64_t rip() const { return vmcb().save.rip; }
    std::uint64_t rflags() const { return vmcb().save.rflags; }
    void set_rflags(std::uint64_t value) { vmcb().save.rflags = value; }
    std::uint64_t cr4() const { return vmcb().save.cr4; }
    std::uint8_t cpl() const { return vmcb().save.cpl; }
    Paging paging() const { return {vmcb().save.cr0, vmcb().save.cr3, vmcb().save.cr4, vmcb().save.efer}; }

    CodeSize code_size() const {
        if (!(vmcb().save.cr0 & x86::cr0::PE) || (vmcb().save.rflags & x86::rflags::VM)) [[unlikely]]
            return CodeSize::Bits16;
        if ((vmcb().save.efer & x86::efer::LMA) && (vmcb().save.cs.attributes & attribute::Long)) [[likely]]
            return CodeSize::Bits64;
        return vmcb().save.cs.attributes & attribute::Default ? CodeSize::Bits32 : CodeSize::Bits16;
    }

    // Linear address of the next instruction. In 64-bit code the base of CS counts as zero: APM vol. 2, 4.5.
    Gva instruction_address(CodeSize code) const {
        if (code == CodeSize::Bits64) [[likely]]
            return Gva(rip());
        return Gva((vmcb().save.cs.base + rip()) & 0xffffffff);
    }

    // The instruction was emulated: go past it. It ends an interrupt shadow, and a set TF traps after it as after any
    // other.
    void advance(std::uint8_t length) {
        vmcb().save.rip += length;
        vmcb().control.interrupt_shadow = 0;
        if (vmcb().save.rflags & x86::rflags::TF) [[unlikely]]
            trap_single_step();
    }

    // Queues an exception for the next entry; a fault while another event waits becomes what the manual says.
    void inject(x86::Vector vector) { inject_exception(vector, false, 0); }
    void inject(x86::Vector vector, std::uint32_t error) { inject_exception(vector, true, error); }

    // EFER as the guest wrote it. SVME is the VMM's: APM vol. 2, 15.5.1 wants it set while a guest runs.
    std::uint64_t guest_efer() const { return vmcb().save.efer & ~x86::efer::SVME; }
    void set_guest_efer(std::uint64_t value) { vmcb().save.efer = value | x86::efer::SVME; }

    // Handlers that may go deep run on the VMM's own hidden state, so that a stack fault finds the VMM's TSS.
    void enter_host_context() {
        if (state().before_entry & State::kHostContext)
            return;
        vmsave(state().vmcb_pa);
        vmload(state().host_vmcb_pa);
        state().before_entry |= State::kHostContext;
    }

    bool event_queued() const { return vmcb().control.event_inj & event::Valid; }

    // The CPU delivers it as soon as the guest can take it, without another exit: APM vol. 2, 15.21.4.
    void offer_interrupt(std::uint8_t vector) {
        constexpr std::uint64_t kHighest = vintr::VIntrPrio::make(15) | vintr::VIgnTpr; // the model has judged the TPR
        vmcb().control.vintr = masked_vintr() | vintr::VIrq | kHighest | vintr::VIntrVector::make(vector);
        state().offered = vector;
    }
    bool has_offered() const { return state().offered != 0; }
    // Takes the offer back: the vector if the guest has begun to handle it, nothing if it never saw it.
    MaybeVector end_offer();

    void set_task_priority(std::uint8_t priority) {
        world_.lapic.set_task_priority(priority);
        vmcb().control.vintr = vintr::VTpr::set(vmcb().control.vintr, priority >> 4); // see masked_vintr()
    }

    // An NMI can be taken at the next entry.
    bool can_take_nmi() const { return !state().nmi_blocked && !in_shadow() && !event_queued(); }
    void inject_nmi();
    void open_nmi_window();
    // After the step over an NMI's IRET or over a shadow: NMIs are open again. False when the #DB is the guest's own.
    bool finish_nmi_step();
    // An event's delivery was cut short by this exit.
    bool event_interrupted() const { return vmcb().control.exit_int_info & event::Valid; }

    // INIT: registers as after reset (APM vol. 2, 14.1.3), paging tables of the VMM kept.
    void reset();
    void start_at(std::uint8_t sipi_vector);

    void acknowledge_window() { svm::acknowledge_window(); }
    static void acknowledge_wait() { svm::acknowledge_wait(); }
    void nmi_window() { svm::nmi_window(); }
    bool is_wbinvd(const Exit &exit) const { return exit.code == static_cast<std::uint64_t>(ExitCode::Wbinvd); }
    // Whether HLT and MWAIT, by which a kernel idles, exit.
    void intercept_idle(bool on) {
        vmcb().control.intercept3 = (vmcb().control.intercept3 & ~intercept::Hlt) | (on ? intercept::Hlt : 0);
        vmcb().control.intercept4 = (vmcb().control.intercept4 & ~intercept::Mwait) | (on ? intercept::Mwait : 0);
    }
    void request_flush() { state().before_entry |= State::kFlush; }

    // For the assertion build.
    const char *entry_fault() const { return svm::entry_fault(vmcb(), entry_limits()); }
    bool flushes() const { return vmcb().control.tlb_control != TlbControl::Nothing; }
    checks::Translation translation() const {
        const SaveArea &save = vmcb().save;
        return {save.cr0, save.cr3, save.cr4, save.efer, vmcb().control.n_cr3, vmcb().control.asid};
    }

    // See vmm/vm/turn.hpp.
    void save_turn();
    void load_turn(Cpu &cpu);
    [[gnu::always_inline]] World *finish() {
        if (state().before_entry != 0) [[unlikely]]
            finish_rare();
        checks::before_entry(*this);
        vmcb().save.rax = gpr(x86::Gpr::Rax);
        vmcb().save.rsp = gpr(x86::Gpr::Rsp);
        return &world_;
    }

    // Details of the nested page fault that exited; its address is in the Exit.
    NestedFault nested_fault() const;

    Verdict handle_control(const Exit &exit);
    // See ConsoleNested.
    bool map_more(Gpa address);
    bool follow_mtrrs();

    Vmcb &vmcb() const { return *state().vmcb; }
    State &state() const { return world_.backend<State>(); }

  private:
    // V_TPR is what CR8 reads as where a CPU does not intercept that; some emulators do not.
    std::uint64_t masked_vintr() { return vintr::VIntrMasking | vintr::VTpr::make(world_.lapic.task_priority() >> 4); }
    bool in_shadow() const { return vmcb().control.interrupt_shadow & 1; }
    void inject_exception(x86::Vector vector, bool has_error, std::uint32_t error);
    void trap_single_step();
    [[gnu::noinline]] void finish_rare();

    World &world_; // alone, so that a Vcpu travels in one register
};

} // namespace vmm::svm
