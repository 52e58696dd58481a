// SPDX-License-Identifier: GPL-2.0-only
// From a physical address to the VMM's standing map of it.
#pragma once

#include "vmm/core/address_map.hpp"

namespace vmm {

// The caller knows that `address` is in the arena or in console RAM; nothing else is mapped.
template <class T> T *at_physical(Hpa address) {
    return reinterpret_cast<T *>(kPhysmapVa + address.raw()); // the map is linear: address_map.hpp
}

inline Hpa physical_of(const void *in_physmap) {
    return Hpa(reinterpret_cast<std::uint64_t>(in_physmap) - kPhysmapVa);
}

} // namespace vmm
