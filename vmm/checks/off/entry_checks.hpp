// SPDX-License-Identifier: GPL-2.0-only
// The release build: nothing is checked before an entry. See ../on.
#pragma once

namespace vmm::checks {

template <class V> void after_exit(V) {}
template <class V> void before_entry(V) {}
template <class C> void forget(const C &) {}

} // namespace vmm::checks
