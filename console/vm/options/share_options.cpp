// SPDX-License-Identifier: GPL-2.0-only
#include "console/vm/options/share_options.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "console/vm/options/bad_value.hpp"
#include "console/vm/options/values.hpp"

namespace console {

namespace {

constexpr std::uint32_t most_shares = 100000;

CpuSet affinity_of(const vmnix_vm_share &share) {
    return std::to_array(share.affinity);
}

constexpr std::array<ShareOption, 4> options{{
    {"shares", "NUMBER", "weight of each vCPU against others; by default 1000",
     [](vmnix_vm_share &share, const std::string &text) {
         share.shares = static_cast<std::uint32_t>(parse_number(text, "shares", 1, most_shares));
     },
     [](const vmnix_vm_share &share) { return std::to_string(share.shares); }},
    {"reservation", "PERCENT", "CPU time that it gets in any case; 100% is one CPU",
     [](vmnix_vm_share &share, const std::string &text) { share.reservation = parse_percent(text); },
     [](const vmnix_vm_share &share) { return percent_text(share.reservation); }},
    {"limit", "PERCENT", "CPU time that it gets at most; 100% is one CPU",
     [](vmnix_vm_share &share, const std::string &text) { share.limit = parse_percent(text); },
     [](const vmnix_vm_share &share) { return percent_text(share.limit); }},
    {"affinity", "CPUS", "CPUs that it may run on: 0-1,3, or all",
     [](vmnix_vm_share &share, const std::string &text) {
         const CpuSet cpus = parse_cpus(text);
         std::copy(cpus.begin(), cpus.end(), share.affinity);
     },
     [](const vmnix_vm_share &share) { return cpus_text(affinity_of(share)); }},
}};

void require_within(const char *what, std::uint32_t thousandths, unsigned cpus) {
    if (thousandths > 1000 * cpus)
        throw BadValue(fmt::format("a {} of {} is more than there is: {} {} here, {} in all", what,
                                   percent_text(thousandths), cpus, cpus == 1 ? "CPU" : "CPUs",
                                   percent_text(1000 * cpus)));
}

} // namespace

std::span<const ShareOption> share_options() {
    return options;
}

void check_share(const vmnix_vm_share &share, unsigned cpus) {
    require_within("reservation", share.reservation, cpus);
    require_within("limit", share.limit, cpus);
    if (share.limit && share.reservation > share.limit)
        throw BadValue(fmt::format("a reservation of {} is beyond the limit of {}: lower the one or raise the other",
                                   percent_text(share.reservation), percent_text(share.limit)));
    const unsigned highest = highest_cpu(affinity_of(share));
    if (highest >= cpus)
        throw BadValue(fmt::format("affinity names CPU {}: here are CPUs 0 to {}", highest, cpus - 1));
}

} // namespace console
