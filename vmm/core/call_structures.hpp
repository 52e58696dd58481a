// SPDX-License-Identifier: GPL-2.0-only
// Structures that hypercalls take and give: copied once, checked on the copy.
#pragma once

#include "vmm/core/hypercalls.hpp"
#include "vmm/core/vmm.hpp"

#include <algorithm>

namespace vmm {

HypercallResult call_failure(Errc error);

inline HypercallResult call_answer(Result<> result) {
    return result ? HypercallResult{} : call_failure(result.error());
}

// Copies a structure of the console's in, once.
template <class T> Result<T> copy_in(std::uint64_t address) {
    T value;
    const auto copied = g_vmm.ram.memory().read(Gpa(address), &value, sizeof(value));
    return copied ? Result<T>(value) : Result<T>(Errc::NotPresent);
}

// The same of one that grows at its end: what an older caller does not know, from `least` bytes on, is zero.
template <class T> Result<T> copy_in_grown(std::uint64_t address, std::uint64_t room, std::size_t least) {
    T value{};
    if (room < least)
        return Errc::Invalid;
    const auto copied = g_vmm.ram.memory().read(Gpa(address), &value, std::min<std::uint64_t>(room, sizeof(value)));
    return copied ? Result<T>(value) : Result<T>(Errc::NotPresent);
}

// Copies at most `room` bytes of a structure that grows at its end: what an older caller does not know it does not get.
template <class T> HypercallResult copy_out(T &value, std::uint64_t address, std::uint64_t room) {
    if (room < sizeof(value.size))
        return call_failure(Errc::Invalid);
    value.size = static_cast<std::uint32_t>(std::min<std::uint64_t>(room, sizeof(T)));
    if (!g_vmm.ram.memory().write(Gpa(address), &value, value.size))
        return call_failure(Errc::NotPresent);
    return {.results = 1, .rdi = value.size};
}

// `bytes` of console RAM. Invalid: they cross a page.
Result<std::uint8_t *> console_bytes(std::uint64_t address, std::uint64_t bytes);

} // namespace vmm
