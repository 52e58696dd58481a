// SPDX-License-Identifier: GPL-2.0-only
#include "console/service_console/restart_zero_page.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <fmt/format.h>

#include "console/base/failure.hpp"
#include "console/base/file.hpp"

namespace console {

namespace {

constexpr const char *zero_page_file = "/sys/kernel/boot_params/data";
constexpr const char *systab_file = "/sys/firmware/efi/systab";

constexpr std::size_t zero_page_size = 4096;
constexpr std::size_t rsdp_at = 0x070;
constexpr std::size_t high_halves_at = 0x0c0; // of the initrd's address and size, and of the command line's
constexpr std::size_t high_halves_end = 0x0cc;
constexpr std::size_t cc_blob_at = 0x13c;
constexpr std::size_t efi_info_at = 0x1c0;
constexpr std::size_t efi_info_end = 0x1e0;
constexpr std::size_t e820_entries_at = 0x1e8;
constexpr std::size_t sentinel_at = 0x1ef;
constexpr std::size_t header_end = 0x290;
constexpr std::size_t type_of_loader_at = 0x210;
constexpr std::size_t loadflags_at = 0x211;
constexpr std::size_t code32_start_at = 0x214;
constexpr std::size_t ramdisk_image_at = 0x218;
constexpr std::size_t ramdisk_size_at = 0x21c;
constexpr std::size_t cmd_line_ptr_at = 0x228;
constexpr std::size_t setup_data_at = 0x250;
constexpr std::size_t e820_table_at = 0x2d0;
constexpr std::size_t e820_entry_size = 20;
constexpr std::size_t e820_table_end = 0xcd0;

constexpr std::uint8_t undefined_loader = 0xff;
constexpr std::uint8_t loaded_high_only = 1;

void clear(Bytes &page, std::size_t begin, std::size_t end) {
    std::fill(page.begin() + static_cast<std::ptrdiff_t>(begin), page.begin() + static_cast<std::ptrdiff_t>(end),
              std::byte{});
}

// Of the first boot only: EFI's tables, as a second kernel cannot call SetVirtualAddressMap; a blob of encrypted
// guests.
void forget_the_first_boot(Bytes &page) {
    clear(page, high_halves_at, high_halves_end);
    clear(page, cc_blob_at, cc_blob_at + 4);
    clear(page, efi_info_at, efi_info_end);
    clear(page, sentinel_at, header_end);
    clear(page, e820_table_at, e820_table_end);
}

void store_map(Bytes &page, std::span<const FirmwareRange> map) {
    std::size_t at = e820_table_at;
    for (const FirmwareRange &range : map) {
        store<std::uint64_t>(page, at, range.base);
        store<std::uint64_t>(page, at + 8, range.size);
        store<std::uint32_t>(page, at + 16, range.type);
        at += e820_entry_size;
    }
    store<std::uint8_t>(page, e820_entries_at, static_cast<std::uint8_t>(map.size()));
}

std::uint64_t number_behind(std::string_view text, std::string_view key) {
    const std::size_t at = text.find(key);
    std::uint64_t value = 0;
    if (at != text.npos)
        std::from_chars(text.data() + at + key.size(), text.data() + text.size(), value, 16);
    return value;
}

} // namespace

Bytes restart_zero_page(const LinuxKernel &kernel, const ZeroPageFacts &facts) {
    Bytes page(facts.running.begin(), facts.running.end());
    page.resize(zero_page_size);
    forget_the_first_boot(page);
    std::ranges::copy(kernel.setup_header, page.begin() + setup_header_at);
    store<std::uint64_t>(page, rsdp_at, facts.rsdp);
    store<std::uint8_t>(page, type_of_loader_at, undefined_loader);
    store<std::uint8_t>(page, loadflags_at, loaded_high_only);
    store<std::uint32_t>(page, code32_start_at, static_cast<std::uint32_t>(facts.kernel));
    store<std::uint32_t>(page, ramdisk_image_at, static_cast<std::uint32_t>(facts.initrd));
    store<std::uint32_t>(page, ramdisk_size_at, static_cast<std::uint32_t>(facts.initrd_size));
    store<std::uint32_t>(page, cmd_line_ptr_at, static_cast<std::uint32_t>(facts.command_line));
    store<std::uint64_t>(page, setup_data_at, 0); // the loader's
    store_map(page, facts.map);
    return page;
}

Bytes read_zero_page(const std::filesystem::path &root) {
    const auto text = read_file(root.string() + zero_page_file);
    if (!text || text->size() < zero_page_size)
        throw Failure(ExitCode::Failure, fmt::format("cannot read {}", zero_page_file),
                      "only root may, and a kernel that shows its boot parameters, as Debian's");
    const auto bytes = std::as_bytes(std::span(*text)).first(zero_page_size);
    return {bytes.begin(), bytes.end()};
}

std::uint64_t read_rsdp(const std::filesystem::path &root, std::span<const std::byte> zero_page) {
    std::uint64_t given = 0;
    std::memcpy(&given, zero_page.subspan(rsdp_at, sizeof given).data(), sizeof given);
    if (given != 0)
        return given;
    const std::string systab = read_file(root.string() + systab_file).value_or("");
    const std::uint64_t acpi20 = number_behind(systab, "ACPI20=0x");
    return acpi20 != 0 ? acpi20 : number_behind(systab, "ACPI=0x");
}

} // namespace console
