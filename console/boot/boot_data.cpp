// SPDX-License-Identifier: GPL-2.0-only
#include "console/boot/boot_data.hpp"

#include <fmt/format.h>
#include <span>

#include "console/base/failure.hpp"
#include "console/boot/layout.hpp"

namespace console {

std::uint64_t claim_boot_data(MemoryPlan &plan, std::string_view what, std::uint64_t size) {
    // Not in the first page: zero would mean "none".
    const auto address = plan.claim_above(what, layout::page, size);
    if (!address)
        throw Failure(ExitCode::Failure, fmt::format("there is no room for {} ({} bytes)", what, size),
                      remedy_by_memory(plan.fixed_end() + plan.beside() + layout::mib));
    return *address;
}

std::uint64_t put_boot_data(MemoryPlan &plan, std::string_view what, Bytes bytes) {
    const std::uint64_t address = claim_boot_data(plan, what, bytes.size());
    plan.fill(address, std::move(bytes));
    return address;
}

std::uint64_t put_text(MemoryPlan &plan, std::string_view what, std::string_view text) {
    return put_boot_data(plan, what, ByteWriter().text(text).u8(0).take());
}

std::uint64_t put_gdt(MemoryPlan &plan) {
    const auto bytes = std::as_bytes(std::span(boot_gdt));
    return put_boot_data(plan, "the descriptor table", Bytes(bytes.begin(), bytes.end()));
}

} // namespace console
