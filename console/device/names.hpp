// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstdint>
#include <string_view>

// Words for the numbers of the ABI. A number that this build does not know gets a word too: the VMM may be newer.
namespace console {

struct ExitName {
    std::string_view column; // at most nine characters
    std::string_view key;    // in JSON
};

ExitName exit_name(std::uint32_t kind);
std::string_view vcpu_state_name(std::uint32_t state); // for people
std::string_view vcpu_state_key(std::uint32_t state);  // in JSON
std::string_view vm_state_name(std::uint32_t state);
std::string_view vm_ending_name(std::uint32_t ending);
std::string_view vm_ending_key(std::uint32_t ending); // in JSON
std::string_view console_end_name(std::uint32_t end);
std::string_view console_end_key(std::uint32_t end); // in JSON
std::string_view console_state_name(std::uint32_t state);
std::string_view console_action_name(std::uint32_t action); // as the command line has it
std::string_view backend_name(std::uint32_t backend);
std::string_view backend_key(std::uint32_t backend);
std::string_view isolation_key(std::uint32_t isolation);
// What a device that Linux drives can do by DMA at this level.
std::string_view isolation_meaning(std::uint32_t isolation);

} // namespace console
