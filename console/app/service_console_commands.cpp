// SPDX-License-Identifier: GPL-2.0-only
#include "console/app/grammar.hpp"

namespace console {

void add_service_console_commands(Grammar &grammar) {
    const auto [sub, options] =
        grammar.add<ServiceConsoleOptions>("service-console", "what becomes of this Linux while VMs live on");
    sub->add_option("ACTION", options->action, "set, status, restart, log, core, drop or heartbeat")
        ->required()
        ->check(CLI::IsMember({"set", "status", "restart", "log", "core", "drop", "heartbeat"}))
        ->type_name("");
    text_option(sub, "--kernel", options->package.kernel, "FILE",
                "set, restart: the kernel; by default the running one's");
    text_option(sub, "--initrd", options->package.initrd, "FILE", "set, restart: its initial RAM disk");
    text_option(sub, "--append", options->package.append, "TEXT",
                "set, restart: its command line; by default the running one's");
    text_option(sub, "--on-crash", options->on_crash, "ACTION", "set: restart, hold or reset-host");
    text_option(sub, "--limit", options->limit, "N/TIME", "set: so many restarts within this time, or off");
    text_option(sub, "--on-limit", options->on_limit, "ACTION", "set: beyond the limit, hold or reset-host");
    text_option(sub, "--watchdog", options->watchdog, "TIME",
                "set: CPUs without interrupts for so long are an end; off");
    sub->add_flag("--force", options->force, "restart: at once, without a word to programs");
    sub->add_flag("-y,--yes", options->yes, "restart: without asking");
    sub->add_flag("--previous", options->previous, "log: of the service consoles before this one");
    sub->add_flag("-a,--all", options->all, "log: of all");
    sub->add_flag("-f,--follow", options->follow, "log: go on printing what is added");
    text_option(sub, "--every", options->every, "TIME", "heartbeat: time between two; by default 10s");
}

} // namespace console
