// SPDX-License-Identifier: GPL-2.0-only
#include "console/boot/modules.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>

#include "console/base/failure.hpp"
#include "console/boot/boot_data.hpp"
#include "console/boot/layout.hpp"
#include "console/text/units.hpp"

namespace console {

namespace {

std::uint64_t whole_pages(std::uint64_t size) {
    return (size + layout::page - 1) / layout::page * layout::page;
}

struct Room {
    ModulePlace place;
    std::uint64_t limit;
};

[[noreturn]] void refuse(const MemoryPlan &plan, const BootFile &file, const Room &room) {
    const std::uint64_t needed = whole_pages(plan.fixed_end()) + plan.beside();
    const std::uint64_t end = std::min(room.limit, plan.end());
    std::string cause = fmt::format("{} has {}, which do not fit between the kernel's end, {}, and {}", file.name,
                                    byte_size(file.bytes.size()), byte_size(plan.fixed_end()), byte_size(end));
    throw Failure(ExitCode::Failure, std::move(cause),
                  needed <= room.limit ? remedy_by_memory(needed) : "no memory would do: take smaller files");
}

PlacedModule put(MemoryPlan &plan, BootFile file, const Room &room) {
    const std::uint64_t size = file.bytes.size();
    const std::uint64_t pages = whole_pages(size);
    const auto address = room.place == ModulePlace::High
                             ? plan.claim_below(file.name, plan.fixed_end(), room.limit, pages)
                             : plan.claim_above(file.name, plan.fixed_end(), pages);
    if (!address)
        refuse(plan, file, room);
    plan.fill(*address, std::move(file.bytes));
    return {*address, size, 0};
}

// The initrd first.
std::vector<BootModule> take_modules(BootRequest &request) {
    std::vector<BootModule> all;
    if (request.initrd)
        all.push_back({std::move(*request.initrd), {}});
    std::ranges::move(request.modules, std::back_inserter(all));
    return all;
}

} // namespace

std::uint64_t size_of_modules(const BootRequest &request) {
    std::uint64_t size = request.initrd ? whole_pages(request.initrd->bytes.size()) : 0;
    for (const BootModule &module : request.modules)
        size += whole_pages(module.file.bytes.size());
    return size;
}

std::vector<PlacedModule> put_modules(MemoryPlan &plan, BootRequest &request, ModulePlace place) {
    std::vector<BootModule> modules = take_modules(request);
    const Room room{place, layout::low_ram_limit};
    std::vector<PlacedModule> placed;
    ByteWriter texts;
    for (BootModule &module : modules) {
        placed.push_back(put(plan, std::move(module.file), room));
        placed.back().text = texts.size();
        texts.text(module.text).u8(0);
    }
    const std::uint64_t texts_address = put_boot_data(plan, "the modules' texts", texts.take());
    for (PlacedModule &module : placed)
        module.text += texts_address;
    return placed;
}

PlacedModule put_initrd(MemoryPlan &plan, BootFile initrd, std::uint64_t limit) {
    return put(plan, std::move(initrd), {ModulePlace::High, limit});
}

} // namespace console
