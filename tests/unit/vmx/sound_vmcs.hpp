// SPDX-License-Identifier: GPL-2.0-only
// A VMCS that a CPU enters, for tests that break it: Linux in 64-bit mode under the console's controls. Freestanding,
// as tests/entry_oracle asks a CPU.
#pragma once

#include "vmm/vmx/entry_check.hpp"

namespace vmm::test {

inline void set_sound_controls(vmx::Vmcs &v, const vmx::Capabilities &capabilities) {
    const vmx::Controls controls = *vmx::compute_controls(capabilities, vmx::kConsoleControls);
    v.pin = controls.pin;
    v.processor = controls.processor;
    v.secondary = controls.secondary;
    v.exit = controls.exit;
    v.entry = controls.entry | vmx::entry_control::Ia32eModeGuest;
    v.io_bitmap_a = 0x10000;
    v.io_bitmap_b = 0x11000;
    v.msr_bitmap = 0x12000;
    v.vpid = 1;
    v.ept_pointer = vmx::eptp::make(0x20000, 4, true);
    v.link_pointer = vmx::kNoVmcsLink;
}

inline void set_sound_host(vmx::Vmcs &v) {
    v.host_cr0 = 0x80050033;
    v.host_cr3 = 0x30000;
    v.host_cr4 = x86::cr4::PAE | 0x2000;
    v.host_efer = 0xd00;
    v.host_pat = v.pat = 0x0007040600070406;
    v.host_cs = 0x08;
    v.host_tr = 0x10;
    v.host_rip = v.host_rsp = v.host_gs_base = v.host_tr_base = v.host_gdtr_base = v.host_idtr_base =
        0xffff'ffff'8000'0000;
}

inline void set_sound_guest(vmx::Vmcs &v) {
    using vmx::SegmentIndex;
    v.cr0 = 0x80050033;
    v.cr3 = 0x1000;
    v.cr4 = x86::cr4::PAE | x86::cr4::PGE | 0x2000;
    v.efer = 0xd01;
    v.dr7 = 0x400;
    v.rflags = 0x202;
    v.rip = v.rsp = v.gdtr_base = v.idtr_base = 0xffff'ffff'8100'0000;
    v.gdtr_limit = 0x7f;
    v.idtr_limit = 0xfff;
    for (const SegmentIndex i : {SegmentIndex::Ds, SegmentIndex::Es, SegmentIndex::Fs, SegmentIndex::Gs})
        v[i] = {0, 0xffffffff, 0x10000, 0};
    v[SegmentIndex::Gs].base = 0xffff'8880'0000'0000;
    v[SegmentIndex::Cs] = {0x10, 0xffffffff, 0xa09b, 0};
    v[SegmentIndex::Ss] = {0x18, 0xffffffff, 0xc093, 0};
    v[SegmentIndex::Ldtr] = {0, 0, 0x10000, 0};
    v[SegmentIndex::Tr] = {0x40, 0x206f, 0x8b, 0xffff'fe00'0000'3000};
}

inline vmx::Vmcs sound_vmcs(const vmx::Capabilities &capabilities) {
    vmx::Vmcs v{};
    set_sound_controls(v, capabilities);
    set_sound_host(v);
    set_sound_guest(v);
    return v;
}

// Other states of the same guest.
inline void set_real_mode(vmx::Vmcs &v) {
    using vmx::SegmentIndex;
    v.entry &= ~std::uint64_t{vmx::entry_control::Ia32eModeGuest};
    v.efer = 0;
    v.cr0 = 0x60000030;
    v.cr3 = 0;
    v.cr4 = 0x2000;
    v.rip = 0xfff0;
    v.rflags = 2;
    for (const SegmentIndex i :
         {SegmentIndex::Ss, SegmentIndex::Ds, SegmentIndex::Es, SegmentIndex::Fs, SegmentIndex::Gs})
        v[i] = {0, 0xffff, 0x93, 0};
    v[SegmentIndex::Cs] = {0xf000, 0xffff, 0x9b, 0xffff0000};
    v[SegmentIndex::Ldtr] = {0, 0xffff, 0x82, 0};
    v[SegmentIndex::Tr] = {0, 0xffff, 0x8b, 0};
    v.gdtr_base = v.idtr_base = 0;
    v.gdtr_limit = v.idtr_limit = 0xffff;
}

inline void set_protected_mode(vmx::Vmcs &v) {
    using vmx::SegmentIndex;
    set_real_mode(v);
    v.cr0 = 0x31;
    v.rip = 0x100000;
    for (const SegmentIndex i :
         {SegmentIndex::Ss, SegmentIndex::Ds, SegmentIndex::Es, SegmentIndex::Fs, SegmentIndex::Gs})
        v[i] = {0x18, 0xffffffff, 0xc093, 0};
    v[SegmentIndex::Cs] = {0x10, 0xffffffff, 0xc09b, 0};
}

inline void set_pae_paging(vmx::Vmcs &v) {
    set_protected_mode(v);
    v.cr0 |= x86::cr0::PG;
    v.cr4 |= x86::cr4::PAE;
    v.cr3 = 0x5020;
    v.pdpte0 = 0x6001;
}

inline void set_virtual_8086(vmx::Vmcs &v) {
    set_protected_mode(v);
    v.cr0 |= x86::cr0::PG;
    v.rflags = 0x20202;
    v.rip = 0x100;
    for (unsigned i = 0; i <= static_cast<unsigned>(vmx::SegmentIndex::Gs); i++)
        v.segments[i] = {0x1000 + i, 0xffff, 0xf3, std::uint64_t{0x1000 + i} << 4};
}

} // namespace vmm::test
