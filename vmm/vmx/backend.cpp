// SPDX-License-Identifier: GPL-2.0-only
// Launch and leave on VT-x: from a CPU that runs the console's kernel to a guest of the same state, and back.
#include "vmm/core/backend.hpp"

#include "vmm/core/segment.hpp"
#include "vmm/vmx/backend.hpp"
#include "vmm/vmx/instructions.hpp"
#include "vmm/vmx/permission_maps.hpp"
#include "vmm/vmx/vcpu.hpp"
#include "vmm/x86/intrinsics.hpp"

#include <new>

extern "C" const std::byte vmx_exited[];

namespace vmm::vmx {

constinit Shared g_shared;

namespace {

std::span<std::uint8_t> map_bytes(Hpa frame, unsigned pages) {
    return {at_physical<std::uint8_t>(frame), pages * kPageSize};
}

// A VMCS, and what VMXON wants, begin with the revision that the CPU says: SDM vol. 3, 25.2.
Result<Hpa> allocate_region() {
    const Hpa region = TRY(g_vmm.frames.allocate());
    *at_physical<std::uint32_t>(region) = basic::Revision::get(g_shared.capabilities.basic);
    return region;
}

Result<> check_capabilities() {
    const Capabilities &c = g_shared.capabilities;
    for (const Wanted *wanted : {&kConsoleControls, &kVmControls})
        if (const char *what = missing(c, *wanted)) {
            log("VT-x of this CPU lacks ", what);
            return Errc::Unsupported;
        }
    return {};
}

Result<> init(Vmm &vmm) {
    g_shared.capabilities = read_capabilities(x86::rdmsr);
    TRY(check_capabilities());
    g_shared.msr_bitmap = TRY(vmm.frames.allocate(kMsrMapPages));
    g_shared.io_bitmap = TRY(vmm.frames.allocate(kIoMapPages));
    fill_msr_map(map_bytes(g_shared.msr_bitmap, kMsrMapPages));
    fill_io_map(map_bytes(g_shared.io_bitmap, kIoMapPages), vmm.handover->power);
    g_shared.vm_msr_bitmap = TRY(vmm.frames.allocate(kMsrMapPages));
    g_shared.vm_io_bitmap = TRY(vmm.frames.allocate(kIoMapPages));
    fill_vm_msr_map(map_bytes(g_shared.vm_msr_bitmap, kMsrMapPages), vmm.extended);
    __builtin_memset(at_physical<std::byte>(g_shared.vm_io_bitmap), 0xff, kIoMapPages * kPageSize);
    const std::uint64_t ept = g_shared.capabilities.ept_vpid;
    g_shared.levels = vmm.host.levels() == 5 && (ept & ept_vpid::FiveLevels) ? 5 : 4;
    return g_shared.nested.unguarded().build(vmm, g_shared.levels, ept & ept_vpid::Pages1G ? 3 : 2);
}

Result<> prepare(Cpu &cpu) {
    State &state = *new (cpu.console.backend_room.data()) State{};
    g_shared.vmxon_regions[cpu.index] = TRY(allocate_region());
    state.vmcs = TRY(allocate_region());
    state.ept_pointer = g_shared.ept_pointer(g_shared.nested.unguarded().tables().root());
    state.vpid = kConsoleVpid;
    cpu.console.extended.vectors = at_physical<std::byte>(TRY(g_vmm.frames.allocate()));
    return {};
}

// ---- capture ----

struct ConsoleSegment {
    SegmentIndex index;
    std::uint16_t selector;
};

void write_guest_segment(SegmentIndex index, const SegmentState &s) {
    vmwrite(field_of(VmcsField::GuestEsSelector, index), s.selector);
    vmwrite(field_of(VmcsField::GuestEsLimit, index), s.limit);
    vmwrite(field_of(VmcsField::GuestEsAccessRights, index), access_rights::from_attributes(s.attributes));
    vmwrite(field_of(VmcsField::GuestEsBase, index), s.base);
}

Result<> capture_segments(const vmnix_switch_state &state, std::uint64_t efer) {
    const SegmentTables tables{{state.cr0, state.cr3, state.cr4, efer}, state.gdtr_base};
    const ConsoleSegment segments[] = {
        {SegmentIndex::Cs, state.cs}, {SegmentIndex::Ss, state.ss},     {SegmentIndex::Ds, state.ds},
        {SegmentIndex::Es, state.es}, {SegmentIndex::Fs, state.fs},     {SegmentIndex::Gs, state.gs},
        {SegmentIndex::Tr, state.tr}, {SegmentIndex::Ldtr, state.ldtr},
    };
    for (const ConsoleSegment &segment : segments)
        write_guest_segment(segment.index, TRY(read_segment(g_vmm.ram, tables, segment.selector)));
    vmwrite(VmcsField::GuestFsBase, x86::rdmsr(x86::msr::FsBase));
    vmwrite(VmcsField::GuestGsBase, x86::rdmsr(x86::msr::GsBase));
    vmwrite(VmcsField::GuestGdtrBase, state.gdtr_base);
    vmwrite(VmcsField::GuestGdtrLimit, state.gdtr_limit);
    vmwrite(VmcsField::GuestIdtrBase, state.idtr_base);
    vmwrite(VmcsField::GuestIdtrLimit, state.idtr_limit);
    return {};
}

void capture_registers(Vcpu v, const vmnix_handover_cpu &handover) {
    const vmnix_switch_state &state = handover.state;
    v.load_cr0(state.cr0);
    vmwrite(VmcsField::GuestCr3, state.cr3);
    vmwrite(VmcsField::GuestCr4, state.cr4 | x86::cr4::VMXE);
    vmwrite(VmcsField::GuestDr7, state.dr7);
    vmwrite(VmcsField::GuestEfer, handover.efer);
    vmwrite(VmcsField::GuestRflags, x86::rflags::Fixed);
    vmwrite(VmcsField::GuestRip, g_vmm.handover->stub_resume);
    v.gpr(x86::Gpr::Rsp) = state.rsp;
    vmwrite(VmcsField::GuestSysenterCs, x86::rdmsr(x86::msr::SysenterCs));
    vmwrite(VmcsField::GuestSysenterEsp, x86::rdmsr(x86::msr::SysenterEsp));
    vmwrite(VmcsField::GuestSysenterEip, x86::rdmsr(x86::msr::SysenterEip));
    vmwrite(VmcsField::GuestDebugCtl, x86::rdmsr(x86::msr::DebugCtl));
    vmwrite(VmcsField::GuestActivity, static_cast<std::uint64_t>(Activity::Active));
    vmwrite(VmcsField::GuestInterruptibility, 0);
    vmwrite(VmcsField::PendingDebugExceptions, 0);
    vmwrite(VmcsField::GuestRsp, state.rsp);
    const std::uint64_t entry = vmread(VmcsField::EntryControls);
    vmwrite(VmcsField::EntryControls, entry | (handover.efer & x86::efer::LMA ? entry_control::Ia32eModeGuest : 0));
}

// CR2 and DR6 belong to whichever world is loaded.
Result<> capture(Cpu &cpu) {
    State &state = cpu.console.backend<State>();
    x86::write_cr4(x86::read_cr4() | x86::cr4::VMXE);
    TRY(vmxon(g_shared.vmxon_regions[cpu.index]));
    state.loaded = true;
    TRY(vmclear(state.vmcs));
    TRY(vmptrld(state.vmcs));
    TRY(fill_controls(cpu.console));
    vmwrite(VmcsField::GuestPat, x86::rdmsr(x86::msr::Pat));
    x86::wrmsr(x86::msr::Pat, kVmmPat);
    fill_host_of(cpu);
    Vcpu v(cpu.console);
    capture_registers(v, *cpu.handover);
    TRY(capture_segments(cpu.handover->state, cpu.handover->efer));
    x86::write_cr2(cpu.handover->state.cr2);
    x86::write_dr6(cpu.handover->state.dr6);
    v.request_flush();
    const char *fault = v.entry_fault();
    if (fault)
        log("CPU ", cpu.index, " cannot be entered: ", fault);
    return fault ? Result<>(Errc::Invalid) : Result<>();
}

void release(Cpu &cpu) {
    State &state = cpu.console.backend<State>();
    if (!state.loaded)
        return;
    x86::wrmsr(x86::msr::Pat, vmread(VmcsField::GuestPat));
    VMM_ASSERT(vmclear(state.vmcs));
    VMM_ASSERT(vmxoff());
    x86::write_cr4(x86::read_cr4() & ~x86::cr4::VMXE);
    state.loaded = false;
}

void run(Cpu &cpu) {
    vmx_run(&cpu.console);
}

// ---- leave ----

// What vmx_leave puts into registers for the console's driver: see vmnix/switch.S, vmnix_stub_vmx_left.
struct LeaveRegisters {
    std::uint64_t rax, cr4, cr2, dr6, dr7, limits;
};
extern "C" [[noreturn]] void vmx_leave(const LeaveRegisters *to);

struct HostFromGuest {
    VmcsField host, guest;
};
constexpr HostFromGuest kWholeFields[] = {
    {VmcsField::HostCr0, VmcsField::GuestCr0}, // with NE, or the entry would be refused: 27.2.2
    {VmcsField::HostCr3, VmcsField::GuestCr3},
    {VmcsField::HostCr4, VmcsField::GuestCr4},
    {VmcsField::HostFsBase, VmcsField::GuestFsBase},
    {VmcsField::HostGsBase, VmcsField::GuestGsBase},
    {VmcsField::HostTrBase, VmcsField::GuestTrBase},
    {VmcsField::HostGdtrBase, VmcsField::GuestGdtrBase},
    {VmcsField::HostIdtrBase, VmcsField::GuestIdtrBase},
    {VmcsField::HostSysenterCs, VmcsField::GuestSysenterCs},
    {VmcsField::HostSysenterEsp, VmcsField::GuestSysenterEsp},
    {VmcsField::HostSysenterEip, VmcsField::GuestSysenterEip},
    {VmcsField::HostPat, VmcsField::GuestPat},
    {VmcsField::HostEfer, VmcsField::GuestEfer},
    {VmcsField::HostRsp, VmcsField::GuestRsp},
};
constexpr HostFromGuest kSelectors[] = {
    {VmcsField::HostCsSelector, VmcsField::GuestCsSelector}, {VmcsField::HostSsSelector, VmcsField::GuestSsSelector},
    {VmcsField::HostDsSelector, VmcsField::GuestDsSelector}, {VmcsField::HostEsSelector, VmcsField::GuestEsSelector},
    {VmcsField::HostFsSelector, VmcsField::GuestFsSelector}, {VmcsField::HostGsSelector, VmcsField::GuestGsSelector},
    {VmcsField::HostTrSelector, VmcsField::GuestTrSelector},
};

// The host's state becomes the console's. A selector with a privilege level or of an LDT is refused as a host's
// (27.2.3); a kernel's stop-machine thread has none in its data segments.
void make_console_host() {
    constexpr std::uint64_t kRplOrTi = 7;
    for (const HostFromGuest &field : kWholeFields)
        vmwrite(field.host, vmread(field.guest));
    for (const HostFromGuest &field : kSelectors) {
        const std::uint64_t selector = vmread(field.guest);
        vmwrite(field.host, selector & kRplOrTi ? 0 : selector);
    }
    vmwrite(VmcsField::HostRip, g_vmm.handover->stub_vmx_left);
}

// An exit clears DEBUGCTL, in which Linux may watch bus locks: the list of MSRs that it loads brings it back. The frame
// for the extended state of a world that is not loaded has room. SDM vol. 3, 28.5.1 and 25.7.2.
void load_debug_ctl(const Cpu &cpu) {
    const std::uint64_t entry[2] = {x86::msr::DebugCtl, vmread(VmcsField::GuestDebugCtl)};
    __builtin_memcpy(cpu.console.extended.vectors, entry, sizeof(entry));
    vmwrite(VmcsField::VmExitMsrLoadAddress, physical_of(cpu.console.extended.vectors).raw());
    vmwrite(VmcsField::VmExitMsrLoadCount, 1);
}

// The guest is alone with the CPU for the one instruction that it executes again, its VMCALL: nothing but that exits
// any more, and an NMI is the console's own. Secondary controls are off with their switch: no EPT, no VPID.
void let_go() {
    constexpr std::uint64_t kVmcallLength = 3;
    const Capabilities &c = g_shared.capabilities;
    __builtin_memset(at_physical<std::byte>(g_shared.msr_bitmap), 0, kMsrMapPages * kPageSize);
    vmwrite(VmcsField::PinControls, must_be_one(c.pin));
    vmwrite(VmcsField::ProcessorControls, must_be_one(c.processor) | processor::MsrBitmaps);
    vmwrite(VmcsField::ExceptionBitmap, 0);
    vmwrite(VmcsField::GuestRip, vmread(VmcsField::GuestRip) - kVmcallLength);
}

// Does not come back: the driver's stub goes on, in VMX root operation still.
void give_back(Cpu &cpu) {
    constexpr std::uint64_t kLimitBits = 16;
    Vcpu v(cpu.console);
    v.finish();
    const LeaveRegisters to{
        .rax = VMNIX_OK,
        .cr4 = v.cr4(),
        .cr2 = x86::read_cr2(),
        .dr6 = x86::read_dr6(),
        .dr7 = vmread(VmcsField::GuestDr7),
        .limits = vmread(VmcsField::GuestGdtrLimit) | vmread(VmcsField::GuestIdtrLimit) << kLimitBits |
                  vmread(VmcsField::GuestLdtrSelector) << 2 * kLimitBits,
    };
    make_console_host();
    load_debug_ctl(cpu);
    let_go();
    cpu.handover->pending_nmi += cpu.arrived.take_nmis(); // those that came since the others were counted
    vmx_leave(&to);
}

} // namespace

std::uint64_t Shared::ept_pointer(Hpa root) const {
    return eptp::make(root.raw(), levels, capabilities.ept_vpid & ept_vpid::AccessedAndDirty);
}

Result<> fill_controls(World &world) {
    const bool is_vm = world.vm;
    State &state = world.backend<State>();
    const Controls controls = TRY(compute_controls(g_shared.capabilities, is_vm ? kVmControls : kConsoleControls));
    const auto exception = [](x86::Vector v) { return std::uint64_t{1} << static_cast<unsigned>(v); };
    const Hpa io_bitmap = is_vm ? g_shared.vm_io_bitmap : g_shared.io_bitmap;
    const FieldValue fields[] = {
        {VmcsField::PinControls, controls.pin},
        {VmcsField::ProcessorControls, controls.processor},
        {VmcsField::SecondaryControls, controls.secondary},
        {VmcsField::ExitControls, controls.exit},
        {VmcsField::EntryControls, controls.entry},
        {VmcsField::ExceptionBitmap,
         exception(x86::Vector::Debug) | exception(x86::Vector::AlignmentCheck) | exception(x86::Vector::MachineCheck)},
        {VmcsField::PageFaultErrorMask, 0},
        {VmcsField::PageFaultErrorMatch, 0},
        {VmcsField::Cr3TargetCount, 0},
        {VmcsField::VmExitMsrStoreCount, 0},
        {VmcsField::VmExitMsrLoadCount, 0},
        {VmcsField::VmEntryMsrLoadCount, 0},
        {VmcsField::VmEntryInterruptionInfo, 0},
        {VmcsField::IoBitmapA, io_bitmap.raw()},
        {VmcsField::IoBitmapB, io_bitmap.raw() + kPageSize},
        {VmcsField::MsrBitmap, (is_vm ? g_shared.vm_msr_bitmap : g_shared.msr_bitmap).raw()},
        {VmcsField::EptPointer, state.ept_pointer},
        {VmcsField::Vpid, state.vpid},
        {VmcsField::Cr0GuestHostMask, owned_cr0(world)},
        {VmcsField::Cr4GuestHostMask, x86::cr4::VMXE},
        {VmcsField::Cr4ReadShadow, 0},
        {VmcsField::VmcsLinkPointer, kNoVmcsLink},
        {VmcsField::GuestDebugCtl, 0},
        {VmcsField::HostCr0, x86::read_cr0()},
        {VmcsField::HostCr3, g_vmm.host.root().raw()},
        {VmcsField::HostCr4, x86::read_cr4()},
        {VmcsField::HostCsSelector, x86::kSelectorCode},
        {VmcsField::HostSsSelector, x86::kSelectorData},
        {VmcsField::HostDsSelector, x86::kSelectorData},
        {VmcsField::HostEsSelector, x86::kSelectorData},
        {VmcsField::HostFsSelector, 0},
        {VmcsField::HostGsSelector, 0},
        {VmcsField::HostTrSelector, x86::kSelectorTss},
        {VmcsField::HostFsBase, 0},
        {VmcsField::HostGsBase, 0},
        {VmcsField::HostIdtrBase, reinterpret_cast<std::uint64_t>(g_vmm.idt.data())}, // an address is what it holds
        {VmcsField::HostSysenterCs, 0},
        {VmcsField::HostSysenterEsp, 0},
        {VmcsField::HostSysenterEip, 0},
        {VmcsField::HostPat, kVmmPat},
        {VmcsField::HostEfer, x86::rdmsr(x86::msr::Efer)},
        {VmcsField::HostRip, reinterpret_cast<std::uint64_t>(vmx_exited)},
    };
    for (const FieldValue &field : fields)
        vmwrite(field.field, field.value);
    if (controls.secondary & secondary::Xsaves)
        vmwrite(VmcsField::XssExitingBitmap, 0);
    state.processor = controls.processor;
    return {};
}

void fill_host_of(const Cpu &cpu) {
    vmwrite(VmcsField::HostTrBase, reinterpret_cast<std::uint64_t>(&cpu.tss));
    vmwrite(VmcsField::HostGdtrBase, reinterpret_cast<std::uint64_t>(&cpu.gdt));
    vmwrite(VmcsField::HostRsp, g_shared.host_rsp[cpu.index]);
}

Visit::Visit(World &world) : world_(world), was_loaded_(world.backend<State>().loaded), before_(vmptrst()) {
    if (!was_loaded_)
        VMM_ASSERT(vmptrld(world.backend<State>().vmcs));
}

Visit::~Visit() {
    if (was_loaded_)
        return;
    State &state = world_.backend<State>();
    VMM_ASSERT(vmclear(state.vmcs));
    state.launched = false;
    VMM_ASSERT(vmptrld(before_));
}

Result<Hpa> allocate_vmcs() {
    return allocate_region();
}

const Backend kBackend{VMNIX_BACKEND_VMX, init, prepare, capture, release, acknowledge_window, run, give_back};

} // namespace vmm::vmx
