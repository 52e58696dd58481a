// SPDX-License-Identifier: GPL-2.0-only
#include "console/boot/vcpu_state.hpp"

namespace console {

namespace {

// APM volume 2, section 4.7: type, S, P in the low byte, D/B and G above. Accessed and busy bits are set, as a CPU
// that had loaded these segments would have set them.
constexpr std::uint16_t flat_code = 0xc9b;
constexpr std::uint16_t flat_data = 0xc93;
constexpr std::uint16_t busy_tss = 0x08b;
constexpr std::uint16_t empty_ldt = 0x082;
constexpr std::uint32_t tss_limit = 0x67;

constexpr std::uint64_t cr0_protected = 0x11; // PE and ET
constexpr std::uint64_t rflags_fixed = 0x2;

constexpr SegmentRegister flat(std::uint16_t selector, std::uint16_t attributes) {
    return {selector, attributes, 0xffffffff, 0};
}

} // namespace

VcpuState flat_protected_mode(std::uint32_t entry, std::uint64_t gdt) {
    VcpuState state;
    state.rip = entry;
    state.rflags = rflags_fixed;
    state.cr0 = cr0_protected;
    state.cs = flat(boot_code_selector, flat_code);
    state.ds = state.es = state.ss = state.fs = state.gs = flat(boot_data_selector, flat_data);
    state.tr = {0, busy_tss, tss_limit, 0};
    state.ldtr = {0, empty_ldt, 0, 0};
    state.gdtr = {sizeof(BootGdt) - 1, gdt};
    return state;
}

} // namespace console
