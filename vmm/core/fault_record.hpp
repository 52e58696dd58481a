// SPDX-License-Identifier: GPL-2.0-only
// The report of a VMM that stops, as the next boot finds it. A line is whole with its own call: the next may be the one
// that faults again.
#pragma once

#include "vmnix/abi/handover/fault_record.h"
#include "vmnix/abi/hypercall/console.h"

#include <algorithm>
#include <string_view>

namespace vmm {

inline void begin_record(vmnix_fault_record &record) {
    __builtin_memset(&record, 0, sizeof(record));
}

// What does not fit is left out.
inline void add_to_record(vmnix_fault_record &record, std::string_view line) {
    char *const end = record.text + sizeof record.text, *const free = std::find(record.text, end, '\0');
    std::copy_n(line.begin(), std::min(line.size(), static_cast<std::size_t>(end - free)), free);
    record.checksum = vmnix_checksum(VMNIX_FAULT_RECORD_MAGIC, record.text, sizeof record.text);
    record.magic = VMNIX_FAULT_RECORD_MAGIC;
}

} // namespace vmm
