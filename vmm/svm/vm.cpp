// SPDX-License-Identifier: GPL-2.0-only
// VMs on SVM: nested tables, control blocks and the state that a vCPU begins with.
#include "vmm/core/backend.hpp"
#include "vmm/core/vm_nested.hpp"
#include "vmm/svm/backend.hpp"
#include "vmm/svm/vcpu.hpp"

#include <new>

namespace vmm::svm {
namespace {

// A VM sees no hardware: every port and MSR exits, save the MSRs that are switched with the world.
void fill_vm_controls(ControlArea &c, Hpa nested_root) {
    constexpr std::uint32_t kCr8 = 1u << 8, kWrite = 16;
    const auto exception = [](x86::Vector v) { return 1u << static_cast<unsigned>(v); };
    c.intercept_cr = kCr8 | kCr8 << kWrite;
    c.intercept_exceptions =
        exception(x86::Vector::Debug) | exception(x86::Vector::AlignmentCheck) | exception(x86::Vector::MachineCheck);
    c.intercept3 = intercept::Intr | intercept::Nmi | intercept::Init | intercept::Cpuid | intercept::Invd |
                   intercept::Invlpga | intercept::Ioio | intercept::Msr | intercept::Shutdown | intercept::Hlt |
                   intercept::Rdpmc;
    c.intercept4 = intercept::Vmrun | intercept::Vmmcall | intercept::Vmload | intercept::Vmsave | intercept::Stgi |
                   intercept::Clgi | intercept::Skinit | intercept::Xsetbv | intercept::Wbinvd | intercept::Monitor |
                   intercept::Mwait;
    c.iopm_base = g_shared.vm_io_map.raw();
    c.msrpm_base = g_shared.vm_msr_map.raw();
    c.tlb_control = TlbControl::FlushAll;
    c.vintr = vintr::VIntrMasking;
    c.nested_control = 1;
    c.n_cr3 = nested_root.raw();
}

Segment segment(const vmnix_segment &s) {
    return {s.selector, s.attributes, s.limit, s.base};
}

constexpr std::uint64_t kResetPat = 0x0007040600070406ull; // APM vol. 2, 7.8.2

} // namespace

Result<> hide_from_console(Hpa piece, FlushDebt &debt) {
    return g_shared.nested.lock()->hide(piece, debt);
}

Result<> show_to_console(Hpa piece) {
    return g_shared.nested.lock()->show(piece);
}

Result<> build_vm(Vm &vm, PieceMap &pieces) {
    vm.nested_root = TRY(g_vmm.frames.allocate());
    return VmNested<NptFormat>(vm.nested_root, g_vmm.host.levels()).build(vm, pieces);
}

void release_vm(Vm &vm, PieceMap &pieces) {
    if (vm.nested_root != Hpa())
        VmNested<NptFormat>(vm.nested_root, g_vmm.host.levels()).release(vm, pieces);
    vm.nested_root = {};
}

Result<> build_world(World &world) {
    State &state = *new (world.backend_room.data()) State{};
    state.vmcb_pa = TRY(g_vmm.frames.allocate());
    state.vmcb = at_physical<Vmcb>(state.vmcb_pa);
    world.extended.vectors = at_physical<std::byte>(TRY(g_vmm.frames.allocate()));
    const State &console = g_vmm.cpus[0]->console.backend<State>();
    state.has_next_rip = console.has_next_rip;
    state.has_flush_by_asid = console.has_flush_by_asid;
    reset_world(world);
    return {};
}

void release_world(World &world) {
    const State &state = world.backend<State>();
    if (state.vmcb)
        g_vmm.frames.release(state.vmcb_pa);
    if (world.extended.vectors)
        g_vmm.frames.release(physical_of(world.extended.vectors));
}

// As after power-up: the world runs nowhere, so its hidden state is in the block.
void reset_world(World &world) {
    Vcpu v(world);
    Vmcb &vmcb = v.vmcb();
    vmcb = Vmcb{};
    reset_extended(world.extended);
    fill_vm_controls(vmcb.control, world.vm->nested_root);
    vmcb.save.g_pat = kResetPat;
    vmcb.save.cr0 = x86::cr0::CD | x86::cr0::NW;
    v.state().asid_cpu = ~0u;
    v.state().before_entry = State::kHostContext;
    v.state().offered = 0;
    v.reset();
}

void start_world(World &world, const vmnix_boot_state &boot) {
    SaveArea &save = Vcpu(world).vmcb().save;
    for (unsigned i = 0; i < world.gpr.size(); i++)
        world.gpr[i] = boot.gpr[i];
    save.rip = boot.rip;
    save.rflags = boot.rflags | x86::rflags::Fixed;
    save.cr0 = boot.cr0;
    save.cr3 = boot.cr3;
    save.cr4 = boot.cr4;
    save.efer = boot.efer | x86::efer::SVME;
    save.g_pat = kResetPat;
    save.rsp = boot.gpr[static_cast<unsigned>(x86::Gpr::Rsp)];
    save.cs = segment(boot.cs);
    save.ds = segment(boot.ds);
    save.es = segment(boot.es);
    save.fs = segment(boot.fs);
    save.gs = segment(boot.gs);
    save.ss = segment(boot.ss);
    save.tr = segment(boot.tr);
    save.ldtr = segment(boot.ldtr);
    save.gdtr = segment(boot.gdtr);
    save.idtr = segment(boot.idtr);
    world.vcpu_state = VMNIX_VCPU_RUNNING;
}

Result<> check_world(World &world) {
    Vcpu v(world);
    Vmcb tried = v.vmcb();
    if (v.guest_efer() & ~g_vmm.efer_known)
        return Errc::Invalid;
    tried.control.asid = kFirstVmAsid;
    return entry_fault(tried, entry_limits()) ? Result<>(Errc::Invalid) : Result<>();
}

} // namespace vmm::svm
