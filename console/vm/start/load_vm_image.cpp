// SPDX-License-Identifier: GPL-2.0-only
// The one place where what a user says about a VM meets console/boot.
#include <utility>

#include "console/boot/boot_image.hpp"
#include "console/boot/boot_state.hpp"
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

} // namespace

VmImage load_vm_image(const VmOptions &options) {
    BootImage boot = prepare_boot(request_for(options));
    VmImage image{{}, boot_state(boot.entry)};
    for (Segment &part : boot.segments)
        image.parts.push_back({part.address, std::move(part.bytes)});
    return image;
}

} // namespace console
