// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "console/text/json.hpp"
#include "console/text/style.hpp"
#include "console/vm/options/vm_options.hpp"
#include "console/vm/record/vm_directory.hpp"

namespace console {

// What `vmnix info` shows.
struct VmReport {
    VmRecord vm;
    std::optional<VmOptions> definition; // nothing, if none of ours is kept
    std::vector<vmnix_world_info> vcpus;
    std::uint64_t tsc_khz;

    static VmReport read_from(VmDirectory &vms, const VmRecord &vm);
    std::string text(const Style &style, unsigned width) const;
    Json json() const;
};

Json share_json(const vmnix_vm_share &share);

} // namespace console
