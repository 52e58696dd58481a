// SPDX-License-Identifier: GPL-2.0-only
#include "console/boot/boot_image.hpp"

#include <fmt/format.h>
#include <iterator>
#include <string_view>

#include "console/base/failure.hpp"
#include "console/boot/elf_file.hpp"
#include "console/boot/firmware.hpp"
#include "console/boot/layout.hpp"
#include "console/boot/linux_boot.hpp"
#include "console/boot/linux_kernel.hpp"
#include "console/boot/memory_plan.hpp"
#include "console/boot/modules.hpp"
#include "console/boot/multiboot_boot.hpp"
#include "console/boot/pvh_boot.hpp"
#include "console/text/units.hpp"

namespace console {

namespace {

constexpr std::size_t text_max = 64 * layout::kib; // more than any kernel takes, and there is room for it

// What people take for a kernel.
struct Mistake {
    std::string_view begin;
    const char *cause;
    const char *remedy;
};

constexpr Mistake mistakes[] = {
    {"\x1f\x8b", "it is compressed with gzip", "unpack it with gunzip"},
    {"\xfd"
     "7zXZ",
     "it is compressed with xz", "unpack it with unxz"},
    {"\x28\xb5\x2f\xfd", "it is compressed with zstd", "unpack it with unzstd"},
    {"MZ", "it is an EFI application, but no Linux for x86", "take a bzImage, a PVH or a multiboot kernel"},
    {"070701", "it is a cpio archive", "is it the initrd? give the kernel as the kernel"},
    {"#!", "it is a script", "give the kernel itself"},
    {"QFI\xfb", "it is a disk image", "give the kernel that is on it"},
};

[[noreturn]] void refuse_unknown(const FileView &file) {
    for (const Mistake &mistake : mistakes)
        if (file.has(mistake.begin, 0))
            file.refuse(mistake.cause, mistake.remedy);
    if (file.size() == 0)
        file.refuse("it is empty", "get the file again");
    if (has_damaged_multiboot_header(file))
        file.refuse("its multiboot header has a wrong checksum", "get the file again");
    if (ElfFile::recognise(file))
        file.refuse("it is an ELF file with neither a PVH entry nor a multiboot header",
                    "take Linux's bzImage instead of its vmlinux, or build it with CONFIG_PVH");
    file.refuse("it is not a kernel that vmnix knows", "take a Linux bzImage, or a PVH or multiboot kernel");
}

void check(const BootRequest &request) {
    if (request.memory < layout::memory_min || request.memory > layout::memory_max)
        throw Failure(ExitCode::Failure, fmt::format("a VM cannot have {} of memory", byte_size(request.memory)),
                      fmt::format("give it {} to {}", byte_size(layout::memory_min), byte_size(layout::memory_max)));
    if (request.memory % layout::page != 0)
        throw Failure(ExitCode::Failure, fmt::format("a VM cannot have {} bytes of memory", request.memory),
                      "give it whole pages of 4 KiB");
    if (request.vcpus < 1 || request.vcpus > layout::vcpus_max)
        throw Failure(ExitCode::Failure, fmt::format("a VM cannot have {} vCPUs", request.vcpus),
                      fmt::format("give it 1 to {}", layout::vcpus_max));
    if (request.command_line.size() > text_max)
        throw Failure(ExitCode::Failure, "the command line has more than 64 KiB", "make it shorter");
}

struct Prepared {
    BootProtocol protocol;
    VcpuState entry;
};

// An ELF kernel may speak two protocols: PVH, the younger one, first.
Prepared prepare_elf_or_multiboot(MemoryPlan &plan, BootRequest &request, const FileView &file, std::uint64_t rsdp) {
    std::optional<ElfFile> elf;
    const auto header = MultibootHeader::find(file);
    if (ElfFile::recognise(file) && !(header && header->has_addresses()))
        elf = ElfFile::parse(file);
    if (elf && pvh_entry(*elf))
        return {BootProtocol::Pvh, prepare_pvh(plan, request, file, *elf, rsdp)};
    if (header)
        return {BootProtocol::Multiboot, prepare_multiboot(plan, request, file, *header, elf)};
    refuse_unknown(file);
}

Prepared prepare(MemoryPlan &plan, BootRequest &request, const FileView &file, std::uint64_t rsdp) {
    if (LinuxKernel::recognise(file))
        return {BootProtocol::Linux, prepare_linux(plan, request, file, rsdp)};
    return prepare_elf_or_multiboot(plan, request, file, rsdp);
}

} // namespace

BootImage prepare_boot(BootRequest request) {
    check(request);
    MemoryPlan plan(request.memory, size_of_modules(request));
    const std::uint64_t rsdp = put_firmware(plan, request.vcpus);
    const BootFile kernel = std::move(request.kernel);
    request.kernel.name = kernel.name;
    const FileView file(kernel.name, kernel.bytes);
    const Prepared prepared = prepare(plan, request, file, rsdp);
    return {prepared.protocol, plan.take(), prepared.entry};
}

} // namespace console
