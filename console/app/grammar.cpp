// SPDX-License-Identifier: GPL-2.0-only
#include "console/app/grammar.hpp"

#include <algorithm>

namespace console {

namespace {

constexpr const char *exit_codes_text =
    "Exit codes: 0 done, 1 failure (check: a launch would be refused), 2 wrong usage,\n"
    "3 the VMM is not loaded, 4 no permission, 5 no such VM, 6 not in this state,\n"
    "7 refused by a limit, 8 the time is over. More in vmnix(8).";

} // namespace

Grammar::Grammar() : app_("Looks after the vmnix hypervisor under this Linux, and after its VMs.", "vmnix") {
    app_.require_subcommand(1);
    app_.footer(exit_codes_text);
    add_vmm_commands(*this);
    add_vm_commands(*this);
    add_service_console_commands(*this);
}

CLI::App *Grammar::add_command(const char *name, const char *description) {
    CLI::App *sub = app_.add_subcommand(name, description);
    sub->footer(exit_codes_text);
    return sub;
}

Command Grammar::chosen() const {
    const auto entry = std::find_if(entries_.begin(), entries_.end(), [](const Entry &e) { return e.sub->parsed(); });
    return entry->options();
}

} // namespace console
