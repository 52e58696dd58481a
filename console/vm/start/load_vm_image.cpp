// SPDX-License-Identifier: GPL-2.0-only
// The one place where what a user says about a VM meets console/boot.
#include <algorithm>
#include <utility>

#include "console/boot/boot_image.hpp"
#include "console/vm/start/vm_image.hpp"

namespace console {

namespace {

BootRequest request_for(const VmOptions &options) {
    BootRequest request;
    request.kernel = read_boot_file(options.kernel, options.memory);
    if (!options.initrd.empty())
        request.initrd = read_boot_file(options.initrd, options.memory);
    for (const VmOptions::Module &module : options.modules)
        request.modules.push_back({read_boot_file(module.file, options.memory), module.text});
    request.command_line = options.append;
    request.memory = options.memory;
    request.vcpus = options.vcpus;
    return request;
}

vmnix_segment segment(const SegmentRegister &from) {
    return {from.selector, from.attributes, from.limit, from.base};
}

vmnix_segment table(const TableRegister &from) {
    return {0, 0, from.limit, from.base};
}

vmnix_boot_state entry_state(const VcpuState &from) {
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

} // namespace

VmImage load_vm_image(const VmOptions &options) {
    BootImage boot = prepare_boot(request_for(options));
    VmImage image{{}, entry_state(boot.entry)};
    for (Segment &part : boot.segments)
        image.parts.push_back({part.address, std::move(part.bytes)});
    return image;
}

} // namespace console
