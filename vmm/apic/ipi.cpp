// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/apic/ipi.hpp"

namespace vmm {
namespace {

bool matches_logical_x2apic(std::uint32_t id, std::uint32_t destination) {
    const std::uint32_t logical = x2apic_logical_id(id);
    return lapic::X2apicCluster::get(logical) == lapic::X2apicCluster::get(destination) &&
           (lapic::X2apicMember::get(logical) & lapic::X2apicMember::get(destination)) != 0;
}

bool matches_logical_xapic(LapicAddress target, std::uint32_t destination) {
    if (destination > 0xff)
        return false; // no xAPIC has such a logical ID
    if (target.flat)
        return (target.logical_id & destination) != 0;
    if (destination == 0xff)
        return true;
    return target.logical_id >> 4 == destination >> 4 && (target.logical_id & destination & 0xf) != 0;
}

} // namespace

bool matches_logical(LapicAddress target, std::uint32_t destination) {
    if (target.mode == LapicMode::Disabled)
        return false;
    if (destination == kBroadcastDestination)
        return true;
    return target.mode == LapicMode::X2apic ? matches_logical_x2apic(target.id, destination)
                                            : matches_logical_xapic(target, destination);
}

} // namespace vmm
