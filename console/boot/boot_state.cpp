// SPDX-License-Identifier: GPL-2.0-only
#include "console/boot/boot_state.hpp"

#include <algorithm>

namespace console {

namespace {

vmnix_segment segment(const SegmentRegister &from) {
    return {from.selector, from.attributes, from.limit, from.base};
}

vmnix_segment table(const TableRegister &from) {
    return {0, 0, from.limit, from.base};
}

} // namespace

vmnix_boot_state boot_state(const VcpuState &from) {
    vmnix_boot_state state{};
    std::copy(from.gpr.begin(), from.gpr.end(), state.gpr);
    state.rip = from.rip;
    state.rflags = from.rflags;
    state.cr0 = from.cr0;
    state.cr3 = from.cr3;
    state.cr4 = from.cr4;
    state.efer = from.efer;
    state.cs = segment(from.cs);
    state.ds = segment(from.ds);
    state.es = segment(from.es);
    state.fs = segment(from.fs);
    state.gs = segment(from.gs);
    state.ss = segment(from.ss);
    state.tr = segment(from.tr);
    state.ldtr = segment(from.ldtr);
    state.gdtr = table(from.gdtr);
    state.idtr = table(from.idtr);
    return state;
}

} // namespace console
