// SPDX-License-Identifier: GPL-2.0-only
// Nested paging of the console. APM vol. 2, 15.25.
//
// Every leaf is of type WB: with nested paging the CPU applies the MTRRs to the system-physical address itself and
// combines them with the guest's PAT (15.25.8), so that WB here gives exactly what the console would see without us.
// The large pages are still split where the MTRRs change type, as a page must not span types (7.7.5).
#pragma once

#include "vmm/mm/amd64_format.hpp"

namespace vmm::svm {

struct NptFormat : Amd64Format<true> {
    static constexpr std::uint64_t leaf(Hpa pa, unsigned level, Rights rights, MemoryType) {
        return Amd64Format<true>::leaf(pa, level, rights, MemoryType::WriteBack);
    }
};

} // namespace vmm::svm
