// SPDX-License-Identifier: GPL-2.0-only
#pragma once

namespace console {

// How the VMM and its driver answer a request about a VM.
enum class [[nodiscard]] VmAnswer{
    Ok,           NotFound, WrongState,
    Taken,        // the name or the UUID
    NoMemory,     // too little can be had of the console
    LimitReached, // too many VMs, or reservations beyond what the CPUs have
    Invalid,
};

} // namespace console
