// SPDX-License-Identifier: GPL-2.0-only
#include "console/vm/record/vm_directory.hpp"

#include <algorithm>
#include <cctype>
#include <fmt/format.h>

#include "console/base/failure.hpp"
#include "console/vm/options/uuid.hpp"
#include "console/vm/options/vm_name.hpp"

namespace console {

namespace {

constexpr std::size_t shortest_prefix = 4; // less is more likely a slip than a UUID

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
    return text;
}

Failure not_found(const std::string &word) {
    if (word == service_console_name)
        return {ExitCode::NotFound, "the service console is no VM: this works with VMs only",
                "'vmnix set' is what takes it"};
    return {ExitCode::NotFound, fmt::format("there is no VM '{}'", word), "'vmnix list --all' shows what there is"};
}

Failure ambiguous(const std::string &word, const std::vector<VmRecord> &vms) {
    std::string names;
    for (const VmRecord &vm : vms)
        names += (names.empty() ? "" : ", ") + vm.name();
    return {ExitCode::NotFound, fmt::format("'{}' begins the UUIDs of several VMs: {}", word, names),
            "write more of it, or a name"};
}

} // namespace

VmDirectory::VmDirectory(Environment &environment)
    : environment_(environment), device_(environment.open_device()), vmm_(device_->info()) {
    if (!(vmm_.features & VMNIX_FEATURE_VMS))
        throw Failure(ExitCode::Failure, "the VMM that runs knows no VMs",
                      "it is of an older version: install vmnix anew and restart the service");
}

VmRecord VmDirectory::record(const vmnix_vm_info &info) const {
    return {info, {vmm_.tsc_khz, environment_.wall_clock()}};
}

std::vector<VmRecord> VmDirectory::all() {
    std::vector<VmRecord> vms;
    for (std::uint32_t last = 0; const auto info = device_->next_vm(last);) {
        if (info->id <= last)
            throw Failure(ExitCode::Failure, "the VMM's list of VMs goes back");
        last = info->id;
        vms.push_back(record(*info));
    }
    return vms;
}

VmRecord VmDirectory::find(const std::string &word) {
    const std::vector<VmRecord> vms = all();
    const auto by = [&](auto &&same) { return std::find_if(vms.begin(), vms.end(), same); };
    auto found = by([&](const VmRecord &vm) { return vm.name() == word; });
    if (found == vms.end())
        found = by([&](const VmRecord &vm) { return std::to_string(vm.id()) == word; });
    if (found != vms.end())
        return *found;
    std::vector<VmRecord> matches;
    if (word.size() >= shortest_prefix)
        std::copy_if(vms.begin(), vms.end(), std::back_inserter(matches),
                     [&](const VmRecord &vm) { return uuid_text(vm.info().uuid).starts_with(lower(word)); });
    if (matches.empty())
        throw not_found(word);
    if (matches.size() > 1)
        throw ambiguous(word, matches);
    return matches.front();
}

std::optional<VmRecord> VmDirectory::with_name(const std::string &name) {
    for (const VmRecord &vm : all())
        if (vm.name() == name)
            return vm;
    return std::nullopt;
}

std::optional<VmRecord> VmDirectory::with_id(std::uint32_t id) {
    const auto info = device_->vm_info(id);
    return info ? std::optional(record(*info)) : std::nullopt;
}

} // namespace console
