// SPDX-License-Identifier: GPL-2.0-only
#include "console/service_console/register_package.hpp"

#include <fmt/format.h>

#include "console/base/failure.hpp"

namespace console {

namespace {

constexpr std::uint64_t mebibyte = 1ull << 20;

std::vector<MemoryPiece> taken_pieces(VmmDevice &device) {
    std::vector<MemoryPiece> taken;
    std::uint64_t from = 0;
    while (const auto piece = device.next_piece(from)) {
        const std::uint64_t end = piece->base + piece->size;
        if (piece->size == 0 || end <= from) // a VMM that goes round in circles must not take us along
            break;
        taken.push_back(*piece);
        from = end;
    }
    return taken;
}

bool has_module(const std::filesystem::path &root, const std::string &release) {
    std::error_code error;
    const std::filesystem::path folder = root.string() + "/lib/modules/" + release;
    for (std::filesystem::recursive_directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
        if (it->path().filename().string().starts_with("vmkmod.ko"))
            return true;
    return false;
}

void warn_without_module(Environment &environment, const std::string &release) {
    if (release.empty() || has_module(environment.root, release))
        return;
    environment.err.write(fmt::format("vmnix: there is no vmkmod in /lib/modules/{0}: a console with that kernel could "
                                      "not take its place over the VMs\n"
                                      "vmnix: unless its initrd brings it, install it: make KRELEASE={0} install\n",
                                      release));
}

// A second kernel cannot call SetVirtualAddressMap (UEFI 2.10, 8.4.1).
void warn_of_efi(Environment &environment) {
    if (std::filesystem::exists(environment.root.string() + "/sys/firmware/efi"))
        environment.err.write(
            "vmnix: a restarted console runs without EFI's runtime services: no efibootmgr and no EFI "
            "variables until the machine itself reboots\n");
}

Failure refusal(VmAnswer answer, const vmnix_package_load &load) {
    if (answer == VmAnswer::NoMemory)
        return {ExitCode::Refused,
                fmt::format("the package needs {} MiB, {} MiB could be had", (load.needed + mebibyte - 1) / mebibyte,
                            load.available / mebibyte),
                "give a smaller initrd, remove VMs that have ended, or end programs of the service console"};
    return {ExitCode::Failure, "the VMM refuses the package",
            "'vmnix dmesg' may tell why; vmnix and the VMM should be of one version"};
}

} // namespace

void register_package(Environment &environment, VmmDevice &device, const PackageWish &wish) {
    const Package package = build_package(environment.root, wish, taken_pieces(device));
    vmnix_package_load load{};
    load.from = reinterpret_cast<std::uintptr_t>(package.bytes.data());
    load.package = package.header;
    if (const VmAnswer answer = device.load_package(load); answer != VmAnswer::Ok)
        throw refusal(answer, load);
    warn_without_module(environment, package.release);
    warn_of_efi(environment);
}

} // namespace console
