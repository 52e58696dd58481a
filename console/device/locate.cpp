// SPDX-License-Identifier: GPL-2.0-only
#include "console/device/locate.hpp"

#include <cerrno>
#include <cpuid.h>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>

#include "console/device/file_device.hpp"

namespace console {

namespace {

constexpr const char *how_to_start = "/etc/init.d/vmnix start loads it; vmnix check tells whether it can";

constexpr unsigned hypervisor_present = 1u << 31; // CPUID.1:ECX

bool signature_in_cpuid() {
    unsigned eax, ebx, ecx, edx;
    __cpuid(1, eax, ebx, ecx, edx);
    if (!(ecx & hypervisor_present))
        return false; // without a hypervisor the leaf repeats some other one
    __cpuid(VMNIX_CPUID_BASE, eax, ebx, ecx, edx);
    return ebx == VMNIX_CPUID_EBX && ecx == VMNIX_CPUID_ECX && edx == VMNIX_CPUID_EDX;
}

} // namespace

Traces look_for_vmm(const std::filesystem::path &root) {
    std::error_code ignored;
    return {std::filesystem::exists(root / "sys/module/vmkmod", ignored), signature_in_cpuid()};
}

Failure explain_missing_device(int error, const Traces &traces) {
    switch (error) {
    case EACCES:
    case EPERM:
        return {ExitCode::Permission, fmt::format("no permission to open {}", VMNIX_DEVICE),
                "run it as root (sudo vmnix ...), or join the group vmnix, see vmnix(8)"};
    case EBUSY:
        return {ExitCode::Failure, "the VMM is being started or stopped just now", "try again in a moment"};
    case ENOENT:
    case ENODEV:
    case ENXIO:
        if (traces.module_loaded)
            return {ExitCode::Failure, fmt::format("the module vmkmod is loaded, but {} is missing", VMNIX_DEVICE),
                    "see what the kernel says: dmesg | grep vmnix"};
        if (traces.vmm_in_cpuid)
            return {ExitCode::Failure, "the VMM runs, but its module vmkmod is not loaded",
                    "the module was taken away by force; a reboot ends this state"};
        return {ExitCode::NotRunning, "the VMM is not loaded", how_to_start};
    default:
        return {ExitCode::Failure, fmt::format("cannot open {}: {}", VMNIX_DEVICE, std::strerror(error)),
                "see what the kernel says: dmesg | grep vmnix"};
    }
}

std::unique_ptr<VmmDevice> open_device(const std::filesystem::path &root) {
    const std::string path = root.string() + VMNIX_DEVICE;
    UniqueFd file(::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
    if (!file)
        throw explain_missing_device(errno, look_for_vmm(root));
    return std::make_unique<FileDevice>(std::move(file));
}

} // namespace console
