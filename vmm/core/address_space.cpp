// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/core/address_space.hpp"

#include "vmm/core/switch_stub.hpp"
#include "vmm/x86/intrinsics.hpp"

extern "C" const std::byte vmm_text_begin[], vmm_text_end[], vmm_data_begin[], vmm_image_end[];

namespace vmm {
namespace {

constexpr Rights kReadOnly{}, kReadWrite{.write = true}, kReadExecute{.execute = true};
constexpr unsigned kGigantic = 3, kLarge = 2;

std::uint64_t va_of(const std::byte *symbol) {
    return reinterpret_cast<std::uint64_t>(symbol); // linker symbols are addresses
}

// For tables that nothing has loaded yet.
void owe_nothing(FlushDebt &debt) {
    debt.settle();
}

struct ImagePart {
    const std::byte *begin, *end;
    Rights rights;
};

Result<> map_image(Vmm &vmm, FlushDebt &debt) {
    const auto *image = reinterpret_cast<const std::byte *>(kImageVa);
    const ImagePart parts[] = {
        {image, vmm_text_begin, kReadOnly},
        {vmm_text_begin, vmm_text_end, kReadExecute},
        {vmm_data_begin, vmm_image_end, kReadWrite},
    };
    for (const ImagePart &part : parts) {
        const std::uint64_t offset = va_of(part.begin) - kImageVa;
        TRY(vmm.host.map(va_of(part.begin), Hpa(vmm.handover->image_base + offset), part.end - part.begin, part.rights,
                         MemoryType::WriteBack, debt));
    }
    return {};
}

Result<> map_physical(Vmm &vmm, Range<Gpa> range, FlushDebt &debt) {
    return vmm.host.map(kPhysmapVa + range.begin.raw(), Hpa(range.begin.raw()), range.size, kReadWrite,
                        MemoryType::WriteBack, debt);
}

// Console RAM, and the arena without the image: its text must have no writable alias.
Result<> map_memory(Vmm &vmm, FlushDebt &debt) {
    MemoryMap &map = vmm.ram.map();
    for (unsigned i = 0; i < map.count(); i++)
        TRY(map_physical(vmm, map[i], debt));
    const std::uint64_t image_end = vmm.handover->image_base + (va_of(vmm_image_end) - kImageVa);
    if (vmm.handover->image_base != vmm.handover->arena_base)
        return Errc::Invalid;
    return map_physical(vmm, {Gpa(image_end), vmm.arena().end().raw() - image_end}, debt);
}

Result<> map_devices(Vmm &vmm, FlushDebt &debt) {
    const auto device = [&](std::uint64_t va, std::uint64_t pa) {
        return vmm.host.map(va, Hpa(align_down(pa, kPageSize)), kPageSize, kReadWrite, MemoryType::Uncacheable, debt);
    };
    if (!vmm.x2apic)
        TRY(device(lapic_va(), vmm.handover->lapic_base));
    for (unsigned i = 0; i < vmm.handover->ioapic_count; i++)
        TRY(device(io_apic_va(i), vmm.handover->ioapic[i].base));
    return {};
}

Result<> map_pages(Vmm &vmm, std::uint64_t va, std::uint64_t size, FlushDebt &debt) {
    for (std::uint64_t at = 0; at < size; at += kPageSize)
        TRY(vmm.host.map(va + at, TRY(vmm.frames.allocate()), kPageSize, kReadWrite, MemoryType::WriteBack, debt));
    return {};
}

Result<> map_cpu_blocks(Vmm &vmm, FlushDebt &debt) {
    for (unsigned i = 0; i < vmm.cpu_count; i++) {
        const std::uint64_t block = kCpuBlockVa + i * kCpuBlockSize;
        TRY(map_pages(vmm, block + kStackOffset, kStackSize, debt));
        TRY(map_pages(vmm, block + kFaultStackOffset, kFaultStackSize, debt));
        TRY(map_pages(vmm, block + kCpuOffset, align_up(sizeof(Cpu), kPageSize), debt));
    }
    return {};
}

} // namespace

Result<> build_address_space(Vmm &vmm) {
    const unsigned levels = x86::read_cr4() & x86::cr4::LA57 ? 5 : 4;
    FlushDebt debt(false);
    const Hpa root = TRY(vmm.frames.allocate());
    vmm.host = HostTables(root, levels, vmm.gigantic_pages ? kGigantic : kLarge, vmm.frames);
    const auto build = [&]() -> Result<> {
        TRY(map_image(vmm, debt));
        TRY(map_memory(vmm, debt));
        TRY(map_devices(vmm, debt));
        TRY(map_cpu_blocks(vmm, debt));
        return map_launch(vmm);
    };
    const auto built = build();
    owe_nothing(debt);
    return built;
}

} // namespace vmm
