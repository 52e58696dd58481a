// SPDX-License-Identifier: GPL-2.0-only
#include "console/boot/linux_kernel.hpp"

#include <algorithm>
#include <bit>
#include <fmt/format.h>

#include "console/boot/layout.hpp"

namespace console {

namespace {

// Offsets of the setup header's fields.
constexpr std::uint64_t setup_sects_at = 0x1f1;
constexpr std::uint64_t syssize_at = 0x1f4;
constexpr std::uint64_t boot_flag_at = 0x1fe;
constexpr std::uint64_t jump_distance_at = 0x201; // from jump_end to the header's end
constexpr std::uint64_t jump_end = 0x202;
constexpr std::uint64_t magic_at = 0x202;
constexpr std::uint64_t version_at = 0x206;
constexpr std::uint64_t kernel_version_at = 0x20e;
constexpr std::uint64_t loadflags_at = 0x211;
constexpr std::uint64_t code32_start_at = 0x214;
constexpr std::uint64_t initrd_addr_max_at = 0x22c;
constexpr std::uint64_t kernel_alignment_at = 0x230;
constexpr std::uint64_t relocatable_at = 0x234;
constexpr std::uint64_t cmdline_size_at = 0x238;
constexpr std::uint64_t pref_address_at = 0x258;
constexpr std::uint64_t init_size_at = 0x260;
constexpr std::uint64_t header_room_end = 0x290; // in the zero page

constexpr std::uint16_t boot_flag = 0xaa55;
constexpr std::string_view magic = "HdrS";
constexpr std::uint16_t oldest_version = 0x206;
constexpr std::uint16_t version_with_init_size = 0x20a;
constexpr std::uint8_t loaded_high = 1;
constexpr std::uint64_t sector = 512;
constexpr std::uint64_t paragraph = 16;
constexpr std::size_t release_most = 64;

// Protected-mode code ends where syssize says; what follows, as a signature, is not for memory. The last paragraph may
// be short of its end.
std::span<const std::byte> protected_mode_part(const FileView &file) {
    const std::uint64_t sectors = file.get<std::uint8_t>(setup_sects_at);
    const std::uint64_t begin = ((sectors ? sectors : 4) + 1) * sector;
    const std::uint64_t paragraphs = file.get<std::uint32_t>(syssize_at);
    if (paragraphs == 0)
        file.refuse("its setup header says that there is no kernel behind it", "get the file again");
    const std::uint64_t least = (paragraphs - 1) * paragraph + 1;
    file.slice(begin, least);
    return file.slice(begin, std::min(paragraphs * paragraph, file.size() - begin));
}

// The text at kernel_version begins with the release and goes on with who built it.
std::string release_of(const FileView &file) {
    const std::uint64_t pointer = file.get<std::uint16_t>(kernel_version_at);
    std::string release;
    for (std::uint64_t at = pointer + sector; pointer != 0 && at < file.size() && release.size() < release_most; ++at) {
        const char letter = static_cast<char>(file.get<std::uint8_t>(at));
        if (letter <= ' ' || letter > '~')
            break;
        release += letter;
    }
    return release;
}

void check_version(const FileView &file, const LinuxKernel &kernel) {
    if (kernel.version < oldest_version)
        file.refuse(fmt::format("it speaks boot protocol {}.{:02}, vmnix {}.{:02} and later", kernel.version >> 8,
                                kernel.version & 0xff, oldest_version >> 8, oldest_version & 0xff),
                    "take Linux 2.6.22 or later");
    if (!(file.get<std::uint8_t>(loadflags_at) & loaded_high))
        file.refuse("it is a zImage, which wants to lie below 640 KiB", "build a bzImage");
}

// Where the kernel moves itself before it unpacks itself: boot.rst, "runtime_start" below init_size.
std::uint64_t runtime_start(const FileView &file, const LinuxKernel &kernel, std::uint64_t preferred) {
    const bool knows_preferred = kernel.version >= version_with_init_size;
    return knows_preferred && !file.get<std::uint8_t>(relocatable_at) ? preferred : kernel.load_address;
}

// A relocatable kernel is put where it would move to anyway.
std::uint64_t load_address(const FileView &file, std::uint64_t preferred) {
    if (!file.get<std::uint8_t>(relocatable_at))
        return file.get<std::uint32_t>(code32_start_at);
    const std::uint64_t alignment = file.get<std::uint32_t>(kernel_alignment_at);
    if (!std::has_single_bit(alignment))
        file.refuse(fmt::format("its setup header asks for an alignment of {:#x}", alignment), "get the file again");
    const std::uint64_t wanted = std::max(preferred, layout::first_mib_end);
    return (wanted + alignment - 1) / alignment * alignment;
}

void place(const FileView &file, LinuxKernel &kernel) {
    const bool knows_size = kernel.version >= version_with_init_size;
    const std::uint64_t preferred = knows_size ? file.get<std::uint64_t>(pref_address_at) : 0;
    const std::uint64_t init_size = knows_size ? file.get<std::uint32_t>(init_size_at) : 0;
    if (preferred >= layout::low_ram_limit)
        file.refuse(fmt::format("it prefers to lie at {:#x}, where a VM has no memory below 4 GiB", preferred),
                    "take a kernel with a CONFIG_PHYSICAL_START below 3 GiB");
    kernel.load_address = load_address(file, preferred);
    const std::uint64_t runtime = runtime_start(file, kernel, preferred);
    kernel.area_begin = std::min(kernel.load_address, runtime);
    kernel.area_end = std::max(kernel.load_address + kernel.protected_mode.size(), runtime + init_size);
}

} // namespace

bool LinuxKernel::recognise(const FileView &file) {
    return file.has(magic, magic_at) && file.get<std::uint16_t>(boot_flag_at) == boot_flag;
}

LinuxKernel LinuxKernel::parse(const FileView &file) {
    LinuxKernel kernel;
    kernel.version = file.get<std::uint16_t>(version_at);
    check_version(file, kernel);
    const std::uint64_t header_end = jump_end + file.get<std::uint8_t>(jump_distance_at);
    const bool knows_size = kernel.version >= version_with_init_size;
    if (header_end < (knows_size ? init_size_at : cmdline_size_at) + sizeof(std::uint32_t))
        file.refuse("its setup header is shorter than its boot protocol's", "get the file again");
    kernel.setup_header = file.slice(setup_header_at, std::min(header_end, header_room_end) - setup_header_at);
    kernel.protected_mode = protected_mode_part(file);
    kernel.initrd_end = std::uint64_t{file.get<std::uint32_t>(initrd_addr_max_at)} + 1;
    kernel.command_line_max = file.get<std::uint32_t>(cmdline_size_at);
    kernel.release = release_of(file);
    kernel.relocatable = file.get<std::uint8_t>(relocatable_at) != 0;
    if (kernel.relocatable)
        kernel.alignment = file.get<std::uint32_t>(kernel_alignment_at);
    place(file, kernel);
    return kernel;
}

} // namespace console
