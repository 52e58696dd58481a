// SPDX-License-Identifier: GPL-2.0-only
#include "console/boot/linux_boot.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "console/base/failure.hpp"
#include "console/boot/boot_data.hpp"
#include "console/boot/layout.hpp"
#include "console/boot/linux_kernel.hpp"
#include "console/boot/memory_map.hpp"
#include "console/boot/modules.hpp"

namespace console {

namespace {

// Offsets in the zero page (boot.rst, zero-page.rst).
constexpr std::size_t acpi_rsdp_addr_at = 0x070;
constexpr std::size_t e820_entries_at = 0x1e8;
constexpr std::size_t type_of_loader_at = 0x210;
constexpr std::size_t loadflags_at = 0x211;
constexpr std::size_t code32_start_at = 0x214;
constexpr std::size_t ramdisk_image_at = 0x218;
constexpr std::size_t ramdisk_size_at = 0x21c;
constexpr std::size_t ext_loader_at = 0x226; // version and type
constexpr std::size_t cmd_line_ptr_at = 0x228;
constexpr std::size_t setup_data_at = 0x250;
constexpr std::size_t e820_table_at = 0x2d0;
constexpr std::size_t e820_entry_size = 20;
constexpr std::size_t zero_page_size = 4096;

constexpr std::uint16_t version_with_setup_data = 0x209;
constexpr std::uint16_t version_with_rsdp = 0x20e;
constexpr std::uint8_t undefined_loader = 0xff;
constexpr std::uint8_t loaded_high_only = 1; // segments are to be loaded anew, and there is no heap

void check(const BootRequest &request, const LinuxKernel &kernel) {
    if (!request.modules.empty())
        throw Failure(ExitCode::Failure, fmt::format("{} is Linux, which takes no modules", request.kernel.name),
                      "give one initrd; several archives may follow one another in it");
    if (request.command_line.size() > kernel.command_line_max)
        throw Failure(ExitCode::Failure,
                      fmt::format("the command line has {} characters, {} takes {}", request.command_line.size(),
                                  request.kernel.name, kernel.command_line_max),
                      "make it shorter");
}

void store_memory_map(Bytes &zero_page, std::uint64_t memory) {
    std::size_t at = e820_table_at;
    const auto map = memory_map(memory);
    for (const MemoryRange &range : map) {
        store<std::uint64_t>(zero_page, at, range.base);
        store<std::uint64_t>(zero_page, at + 8, range.size);
        store<std::uint32_t>(zero_page, at + 16, static_cast<std::uint32_t>(range.type));
        at += e820_entry_size;
    }
    store<std::uint8_t>(zero_page, e820_entries_at, static_cast<std::uint8_t>(map.size()));
}

// The header as the kernel ships it, with the fields that a loader fills.
Bytes first_zero_page(const LinuxKernel &kernel) {
    Bytes page(zero_page_size);
    std::ranges::copy(kernel.setup_header, page.begin() + setup_header_at);
    store<std::uint8_t>(page, type_of_loader_at, undefined_loader);
    store<std::uint8_t>(page, loadflags_at, loaded_high_only);
    store<std::uint32_t>(page, code32_start_at, static_cast<std::uint32_t>(kernel.load_address));
    store<std::uint16_t>(page, ext_loader_at, 0);
    if (kernel.version >= version_with_setup_data)
        store<std::uint64_t>(page, setup_data_at, 0);
    return page;
}

void put_kernel(MemoryPlan &plan, const LinuxKernel &kernel, const std::string &name) {
    plan.claim(name, kernel.area_begin, kernel.area_end - kernel.area_begin);
    plan.fill(kernel.load_address, Bytes(kernel.protected_mode.begin(), kernel.protected_mode.end()));
}

void store_initrd(MemoryPlan &plan, BootRequest &request, const LinuxKernel &kernel, Bytes &zero_page) {
    PlacedModule initrd;
    if (request.initrd)
        initrd = put_initrd(plan, std::move(*request.initrd), std::min(kernel.initrd_end, layout::low_ram_limit));
    store<std::uint32_t>(zero_page, ramdisk_image_at, static_cast<std::uint32_t>(initrd.address));
    store<std::uint32_t>(zero_page, ramdisk_size_at, static_cast<std::uint32_t>(initrd.size));
}

} // namespace

VcpuState prepare_linux(MemoryPlan &plan, BootRequest &request, const FileView &file, std::uint64_t rsdp) {
    const LinuxKernel kernel = LinuxKernel::parse(file);
    check(request, kernel);
    put_kernel(plan, kernel, request.kernel.name);
    const std::uint64_t gdt = put_gdt(plan);
    const std::uint64_t command_line = put_text(plan, "the command line", request.command_line);
    const std::uint64_t zero_page = claim_boot_data(plan, "the zero page", zero_page_size);

    Bytes page = first_zero_page(kernel);
    store<std::uint32_t>(page, cmd_line_ptr_at, static_cast<std::uint32_t>(command_line));
    store_memory_map(page, request.memory);
    if (kernel.version >= version_with_rsdp)
        store<std::uint64_t>(page, acpi_rsdp_addr_at, rsdp);
    store_initrd(plan, request, kernel, page);
    plan.fill(zero_page, std::move(page));

    VcpuState entry = flat_protected_mode(static_cast<std::uint32_t>(kernel.load_address), gdt);
    entry[Gpr::Rsi] = zero_page;
    return entry;
}

} // namespace console
