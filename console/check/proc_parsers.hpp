// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vmnix/memmap.h"

// What Linux tells in text files. Pure; text that is not of the expected form yields nothing.
namespace console {

// "0-3,5" as in /sys/devices/system/cpu/online; an empty list is a list.
std::optional<std::vector<unsigned>> parse_cpu_list(std::string_view text);

// The use count of a loaded module in /proc/modules; nothing if it is not loaded.
std::optional<unsigned> module_use_count(std::string_view proc_modules, std::string_view module);

// The vendor's part of KVM, which owns the CPUs' virtualisation; nothing if it is not loaded.
struct KvmModule {
    const char *name;
    unsigned users;
};
std::optional<KvmModule> loaded_kvm(std::string_view proc_modules);

// The value in bytes of a line of /proc/meminfo.
std::optional<std::uint64_t> meminfo_bytes(std::string_view meminfo, std::string_view name);

struct PhysicalMap {
    std::vector<vmnix_range> ranges; // empty when the reader may not see addresses
    std::uint64_t highest_ram = 0;   // first address above all RAM
    unsigned ioapics = 0;
};
PhysicalMap parse_iomem(std::string_view iomem);

// Whether `word` stands alone in the kernel command line.
bool has_word(std::string_view command_line, std::string_view word);

// The bracketed word of "none [integrity] confidentiality".
std::string_view chosen_word(std::string_view text);

} // namespace console
