// SPDX-License-Identifier: GPL-2.0-only
#include "console/boot/pvh_boot.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <string_view>

#include "console/base/failure.hpp"
#include "console/boot/boot_data.hpp"
#include "console/boot/layout.hpp"
#include "console/boot/memory_map.hpp"
#include "console/boot/modules.hpp"

namespace console {

namespace {

constexpr std::string_view xen_note_name{"Xen\0", 4};
constexpr std::uint32_t phys32_entry_note = 18;
constexpr std::uint32_t start_info_magic = 0x336ec578;
constexpr std::uint32_t start_info_version = 1; // with the memory map
constexpr std::size_t start_info_size = 56;

struct Note {
    std::uint32_t type;
    std::string_view name;
    std::span<const std::byte> content;
};

// Walks the notes of one segment. What its lengths do not leave room for ends it.
class NoteReader {
  public:
    NoteReader(std::span<const std::byte> rest, std::uint64_t alignment) : rest_(rest), alignment_(alignment) {}

    std::optional<Note> next() {
        std::uint32_t words[3]; // name size, content size, type
        if (rest_.size() < sizeof words)
            return std::nullopt;
        std::memcpy(words, rest_.data(), sizeof words);
        const std::uint64_t content_at = align(sizeof words + std::uint64_t{words[0]});
        const std::uint64_t end = content_at + words[1];
        if (end > rest_.size())
            return std::nullopt;
        const auto name = rest_.subspan(sizeof words, words[0]);
        const auto content = rest_.subspan(content_at, words[1]);
        rest_ = rest_.subspan(std::min<std::uint64_t>(align(end), rest_.size()));
        return Note{words[2], {reinterpret_cast<const char *>(name.data()), name.size()}, content};
    }

  private:
    std::uint64_t align(std::uint64_t offset) const { return (offset + alignment_ - 1) / alignment_ * alignment_; }

    std::span<const std::byte> rest_;
    std::uint64_t alignment_;
};

// Kernels write the address with 32 or 64 bits.
std::optional<std::uint64_t> number(std::span<const std::byte> content) {
    std::uint64_t value = 0;
    if (content.size() != sizeof(std::uint32_t) && content.size() != sizeof(std::uint64_t))
        return std::nullopt;
    std::memcpy(&value, content.data(), content.size());
    return value;
}

std::optional<std::uint64_t> entry_in(NoteReader notes) {
    while (const auto note = notes.next())
        if (note->type == phys32_entry_note && note->name == xen_note_name)
            return number(note->content);
    return std::nullopt;
}

Bytes module_list(const std::vector<PlacedModule> &modules) {
    ByteWriter list;
    for (const PlacedModule &module : modules)
        list.u64(module.address).u64(module.size).u64(module.text).u64(0);
    return list.take();
}

Bytes map_entries(const std::vector<MemoryRange> &map) {
    ByteWriter entries;
    for (const MemoryRange &range : map)
        entries.u64(range.base).u64(range.size).u32(static_cast<std::uint32_t>(range.type)).u32(0);
    return entries.take();
}

} // namespace

std::optional<std::uint64_t> pvh_entry(const ElfFile &elf) {
    for (std::size_t i = 0; i < elf.notes.size(); ++i)
        if (const auto entry = entry_in({elf.notes[i], elf.note_alignments[i] == 8 ? 8u : 4u}))
            return entry;
    return std::nullopt;
}

VcpuState prepare_pvh(MemoryPlan &plan, BootRequest &request, const FileView &file, const ElfFile &elf,
                      std::uint64_t rsdp) {
    const std::uint64_t entry = pvh_entry(elf).value_or(0);
    if (!elf.loads(entry))
        file.refuse(fmt::format("its PVH entry, {:#x}, is in none of its segments", entry), "get the file again");
    elf.load(plan, file);
    const std::uint64_t gdt = put_gdt(plan);
    const std::uint64_t command_line = put_text(plan, "the command line", request.command_line);
    const auto map = memory_map(request.memory);
    const std::uint64_t map_address = put_boot_data(plan, "the memory map", map_entries(map));
    const auto modules = put_modules(plan, request, ModulePlace::High);
    const std::uint64_t list = put_boot_data(plan, "the modules' list", module_list(modules));

    ByteWriter info;
    info.u32(start_info_magic).u32(start_info_version).u32(0).u32(static_cast<std::uint32_t>(modules.size()));
    info.u64(list).u64(command_line).u64(rsdp).u64(map_address).u32(static_cast<std::uint32_t>(map.size())).u32(0);
    static_assert(start_info_size == 4 * 4 + 4 * 8 + 2 * 4);
    VcpuState state = flat_protected_mode(static_cast<std::uint32_t>(entry), gdt);
    state[Gpr::Rbx] = put_boot_data(plan, "the start info", info.take());
    return state;
}

} // namespace console
