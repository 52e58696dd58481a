// SPDX-License-Identifier: GPL-2.0-only
#include "console/boot/multiboot_boot.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "console/boot/boot_data.hpp"
#include "console/boot/layout.hpp"
#include "console/boot/memory_map.hpp"
#include "console/boot/modules.hpp"

namespace console {

namespace {

constexpr std::uint32_t loader_magic = 0x2badb002; // in EAX
constexpr std::size_t info_size = 116;

// Flags of the information structure, section 3.3.
constexpr std::uint32_t has_memory = 1u << 0;
constexpr std::uint32_t has_command_line = 1u << 2;
constexpr std::uint32_t has_modules = 1u << 3;
constexpr std::uint32_t has_memory_map = 1u << 6;
constexpr std::uint32_t has_loader_name = 1u << 9;

// Its fields.
constexpr std::size_t flags_at = 0;
constexpr std::size_t mem_lower_at = 4;
constexpr std::size_t mem_upper_at = 8;
constexpr std::size_t cmdline_at = 16;
constexpr std::size_t mods_count_at = 20;
constexpr std::size_t mods_addr_at = 24;
constexpr std::size_t mmap_length_at = 44;
constexpr std::size_t mmap_addr_at = 48;
constexpr std::size_t boot_loader_name_at = 64;

constexpr std::uint32_t map_entry_size = 20; // without this number itself

std::uint32_t narrow(std::uint64_t low_address) {
    return static_cast<std::uint32_t>(low_address); // all that is placed lies below 3 GiB
}

// Section 3.1.3. Each rule that the addresses must keep to, or the file would be read outside of itself.
std::uint64_t load_by_addresses(MemoryPlan &plan, const FileView &file, const MultibootHeader &header) {
    const std::uint64_t before_header = std::uint64_t{header.header_address} - header.load_address;
    if (header.load_address > header.header_address || before_header > header.offset)
        file.refuse("its multiboot header says that it is loaded from before its begin", "get the file again");
    const std::uint64_t offset = header.offset - before_header;
    const std::uint64_t load_end = header.load_end ? header.load_end : header.load_address + (file.size() - offset);
    const std::uint64_t end = std::max<std::uint64_t>(load_end, header.bss_end);
    if (load_end <= header.load_address || (header.bss_end && header.bss_end < load_end))
        file.refuse("its multiboot header's addresses are not in order", "get the file again");
    if (header.entry < header.load_address || header.entry >= end)
        file.refuse(fmt::format("its entry, {:#x}, is outside of what is loaded", header.entry), "get the file again");
    const auto content = file.slice(offset, load_end - header.load_address);
    plan.claim(file.name(), header.load_address, end - header.load_address);
    plan.fill(header.load_address, Bytes(content.begin(), content.end()));
    return header.entry;
}

std::uint64_t load_as_elf(MemoryPlan &plan, const FileView &file, const ElfFile &elf) {
    const std::uint64_t entry = elf.physical(elf.entry);
    if (!elf.loads(entry))
        file.refuse(fmt::format("its entry, {:#x}, is in none of its segments", elf.entry), "get the file again");
    elf.load(plan, file);
    return entry;
}

std::uint64_t load_kernel(MemoryPlan &plan, const FileView &file, const MultibootHeader &header,
                          const std::optional<ElfFile> &elf) {
    header.check(file);
    if (header.has_addresses())
        return load_by_addresses(plan, file, header);
    if (!elf)
        file.refuse("it is neither an ELF file nor does its multiboot header say where to load it",
                    "take the linked kernel");
    return load_as_elf(plan, file, *elf);
}

void store_memory(MemoryPlan &plan, std::uint64_t memory, Bytes &info) {
    ByteWriter entries;
    for (const MemoryRange &range : memory_map(memory))
        entries.u32(map_entry_size).u64(range.base).u64(range.size).u32(static_cast<std::uint32_t>(range.type));
    store<std::uint32_t>(info, mem_lower_at, layout::base_memory_end / layout::kib);
    store<std::uint32_t>(info, mem_upper_at, narrow((plan.end() - layout::first_mib_end) / layout::kib));
    store<std::uint32_t>(info, mmap_length_at, narrow(entries.size()));
    store<std::uint32_t>(info, mmap_addr_at, narrow(put_boot_data(plan, "the memory map", entries.take())));
}

void store_modules(MemoryPlan &plan, BootRequest &request, Bytes &info) {
    const auto modules = put_modules(plan, request, ModulePlace::BehindKernel);
    ByteWriter list;
    for (const PlacedModule &module : modules)
        list.u32(narrow(module.address)).u32(narrow(module.address + module.size)).u32(narrow(module.text)).u32(0);
    store<std::uint32_t>(info, mods_count_at, narrow(modules.size()));
    store<std::uint32_t>(info, mods_addr_at, narrow(put_boot_data(plan, "the modules' list", list.take())));
}

} // namespace

VcpuState prepare_multiboot(MemoryPlan &plan, BootRequest &request, const FileView &file, const MultibootHeader &header,
                            const std::optional<ElfFile> &elf) {
    const std::uint64_t entry = load_kernel(plan, file, header, elf);
    const std::uint64_t gdt = put_gdt(plan);
    Bytes info(info_size);
    store<std::uint32_t>(info, flags_at,
                         has_memory | has_command_line | has_modules | has_memory_map | has_loader_name);
    const std::uint64_t command_line = put_text(plan, "the command line", request.command_line);
    store<std::uint32_t>(info, cmdline_at, narrow(command_line));
    store<std::uint32_t>(info, boot_loader_name_at, narrow(put_text(plan, "the loader's name", "vmnix")));
    store_memory(plan, request.memory, info);
    store_modules(plan, request, info);

    VcpuState state = flat_protected_mode(narrow(entry), gdt);
    state[Gpr::Rax] = loader_magic;
    state[Gpr::Rbx] = put_boot_data(plan, "the multiboot information", std::move(info));
    return state;
}

} // namespace console
