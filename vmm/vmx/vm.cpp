// SPDX-License-Identifier: GPL-2.0-only
// VMs on VT-x: nested tables, control structures and the state that a vCPU begins with.
#include "vmm/core/backend.hpp"
#include "vmm/core/vm_nested.hpp"
#include "vmm/vmx/backend.hpp"
#include "vmm/vmx/vcpu.hpp"

#include <new>

namespace vmm::vmx {
namespace {

constexpr std::uint64_t kResetPat = 0x0007040600070406ull; // SDM vol. 3, 12.12.4

struct BootSegment {
    SegmentIndex index;
    vmnix_segment vmnix_boot_state::*from;
};
constexpr BootSegment kBootSegments[] = {
    {SegmentIndex::Cs, &vmnix_boot_state::cs}, {SegmentIndex::Ss, &vmnix_boot_state::ss},
    {SegmentIndex::Ds, &vmnix_boot_state::ds}, {SegmentIndex::Es, &vmnix_boot_state::es},
    {SegmentIndex::Fs, &vmnix_boot_state::fs}, {SegmentIndex::Gs, &vmnix_boot_state::gs},
    {SegmentIndex::Tr, &vmnix_boot_state::tr}, {SegmentIndex::Ldtr, &vmnix_boot_state::ldtr},
};

// TR must be a busy TSS; a segment that is in use has been accessed, and its granularity goes with its limit, which is
// in bytes: 27.3.1.2. Who starts a vCPU need not know that.
std::uint32_t boot_rights(SegmentIndex index, const vmnix_segment &s) {
    constexpr std::uint32_t kBusyTss = 0xb | access_rights::Present, kAccessed = 1, kOneMegabyte = 0x100000;
    std::uint32_t rights = access_rights::from_attributes(s.attributes) & ~access_rights::Granularity;
    if (index == SegmentIndex::Tr && !(rights & access_rights::Present))
        rights = kBusyTss;
    if (rights & access_rights::CodeOrData)
        rights |= kAccessed;
    return rights | (s.limit >= kOneMegabyte ? access_rights::Granularity : 0);
}

void write_boot_segments(const vmnix_boot_state &boot) {
    for (const BootSegment &row : kBootSegments) {
        const vmnix_segment &s = boot.*row.from;
        vmwrite(field_of(VmcsField::GuestEsSelector, row.index), s.selector);
        vmwrite(field_of(VmcsField::GuestEsLimit, row.index), s.limit);
        vmwrite(field_of(VmcsField::GuestEsBase, row.index), s.base);
        vmwrite(field_of(VmcsField::GuestEsAccessRights, row.index), boot_rights(row.index, s));
    }
    vmwrite(VmcsField::GuestGdtrBase, boot.gdtr.base);
    vmwrite(VmcsField::GuestGdtrLimit, boot.gdtr.limit & 0xffff);
    vmwrite(VmcsField::GuestIdtrBase, boot.idtr.base);
    vmwrite(VmcsField::GuestIdtrLimit, boot.idtr.limit & 0xffff);
}

} // namespace

Result<> hide_from_console(Hpa piece, FlushDebt &debt) {
    return g_shared.nested.lock()->hide(piece, debt);
}

Result<> show_to_console(Hpa piece) {
    return g_shared.nested.lock()->show(piece);
}

Result<> build_vm(Vm &vm, PieceMap &pieces) {
    vm.nested_root = TRY(g_vmm.frames.allocate());
    return VmNested<EptFormat>(vm.nested_root, g_shared.levels).build(vm, pieces);
}

void release_vm(Vm &vm, PieceMap &pieces) {
    if (vm.nested_root != Hpa())
        VmNested<EptFormat>(vm.nested_root, g_shared.levels).release(vm, pieces);
    vm.nested_root = {};
}

Result<> build_world(World &world) {
    State &state = *new (world.backend_room.data()) State{};
    state.vmcs = TRY(allocate_vmcs());
    world.extended.vectors = at_physical<std::byte>(TRY(g_vmm.frames.allocate()));
    state.ept_pointer = g_shared.ept_pointer(world.vm->nested_root);
    VMM_ASSERT(vmclear(state.vmcs)); // makes it a VMCS: 25.11.3
    reset_world(world);
    return {};
}

void release_world(World &world) {
    const State &state = world.backend<State>();
    if (state.vmcs != Hpa())
        g_vmm.frames.release(state.vmcs);
    if (world.extended.vectors)
        g_vmm.frames.release(physical_of(world.extended.vectors));
}

// As after power-up.
void reset_world(World &world) {
    State &state = world.backend<State>();
    reset_extended(world.extended);
    state.vpid = kFirstVmVpid; // until its turn on a CPU, which gives it one of its own
    state.vpid_cpu = ~0u;
    state.hidden = {};
    const Visit visit(world);
    const auto filled = fill_controls(world);
    VMM_ASSERT(filled); // the same controls as at the launch, when they were computed
    Vcpu v(world);
    for (VmcsField field : {VmcsField::GuestSysenterCs, VmcsField::GuestSysenterEsp, VmcsField::GuestSysenterEip})
        vmwrite(field, 0);
    vmwrite(VmcsField::GuestPat, kResetPat);
    v.load_cr0(x86::cr0::CD | x86::cr0::NW);
    v.reset();
}

void start_world(World &world, const vmnix_boot_state &boot) {
    const Visit visit(world);
    Vcpu v(world);
    for (unsigned i = 0; i < world.gpr.size(); i++)
        world.gpr[i] = boot.gpr[i];
    const bool long_mode = (boot.efer & x86::efer::LME) && (boot.cr0 & x86::cr0::PG);
    const std::uint64_t entry = vmread(VmcsField::EntryControls) & ~std::uint64_t{entry_control::Ia32eModeGuest};
    const FieldValue fields[] = {
        {VmcsField::GuestRip, boot.rip},
        {VmcsField::GuestRflags, boot.rflags | x86::rflags::Fixed},
        {VmcsField::GuestCr3, boot.cr3},
        {VmcsField::GuestCr4, boot.cr4 | x86::cr4::VMXE},
        {VmcsField::GuestEfer, boot.efer},
        {VmcsField::EntryControls, entry | (long_mode ? entry_control::Ia32eModeGuest : 0)},
        {VmcsField::GuestPat, kResetPat},
        {VmcsField::GuestRsp, v.gpr(x86::Gpr::Rsp)},
    };
    for (const FieldValue &field : fields)
        vmwrite(field.field, field.value);
    v.load_cr0(boot.cr0);
    write_boot_segments(boot);
    world.vcpu_state = VMNIX_VCPU_RUNNING;
}

Result<> check_world(World &world) {
    const Visit visit(world);
    const Vcpu v(world);
    if (v.guest_efer() & ~g_vmm.efer_known)
        return Errc::Invalid;
    const char *fault = v.entry_fault();
    if (fault)
        log("a vCPU cannot start so: ", fault);
    return fault ? Result<>(Errc::Invalid) : Result<>();
}

} // namespace vmm::vmx
