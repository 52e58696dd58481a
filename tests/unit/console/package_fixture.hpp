// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <fmt/format.h>

#include "console/boot/byte_writer.hpp"
#include "console/service_console/package.hpp"
#include "tests/unit/boot/kernels.hpp"
#include "tests/unit/console/vm_rig.hpp"

namespace console::test {

// A machine of 1 GiB with a kernel in /boot, whose VMM can restart its console.
struct PackageRig : VmRig {
    PackageRig() {
        environment.root = root.path();
        machine.info.features |= VMNIX_FEATURE_RESTART;
        vms().console.info.policy = {24, VMNIX_ACTION_RESTART, 5, 600, VMNIX_ACTION_HOLD, 30000};
        memory_range(0, 0, 0x9fc00, "System RAM");
        memory_range(1, 0x9fc00, 0xa0000, "Reserved");
        memory_range(2, 0x100000, 0x40000000, "System RAM");
        root.write("/sys/kernel/boot_params/data", std::string(4096, '\xaa'));
        root.write("/proc/sys/kernel/osrelease", "6.12.1\n");
        root.write("/proc/cmdline", "BOOT_IMAGE=/vmlinuz root=/dev/sda1 quiet\n");
        root.write("/lib/modules/6.12.1/extra/vmkmod.ko", "module");
        write_kernel("/boot/vmlinuz-6.12.1", TestLinux());
        root.write("/boot/initrd.img-6.12.1", std::string(5000, 'i'));
    }

    void memory_range(unsigned number, std::uint64_t begin, std::uint64_t end, const std::string &type) {
        const std::string entry = fmt::format("/sys/firmware/memmap/{}/", number);
        root.write(entry + "start", fmt::format("{:#x}\n", begin));
        root.write(entry + "end", fmt::format("{:#x}\n", end - 1));
        root.write(entry + "type", type + "\n");
    }
    void write_kernel(const std::string &file, const TestLinux &kernel) {
        Bytes bytes = kernel.bytes();
        store<std::uint16_t>(bytes, 0x20e, 0x100); // its release is at 0x300
        constexpr std::string_view text = "6.12.1 (somebody) #1";
        std::memcpy(bytes.data() + 0x300, text.data(), text.size());
        root.write(file, {reinterpret_cast<const char *>(bytes.data()), bytes.size()});
    }
};

// A field of what a package puts at a physical address.
template <class T> T field_of(const Package &package, std::uint64_t address) {
    for (const vmnix_package_segment &segment : package.header.segment)
        if (address >= segment.to && address + sizeof(T) <= segment.to + segment.bytes) {
            T value;
            std::memcpy(&value, package.bytes.data() + segment.offset + (address - segment.to), sizeof value);
            return value;
        }
    ADD_FAILURE() << "nothing lies at " << address;
    return {};
}

} // namespace console::test
