// SPDX-License-Identifier: GPL-2.0-only
#include <fmt/format.h>

#include "console/app/grammar.hpp"

namespace console {

namespace {

constexpr double shortest_interval = 0.1;
constexpr double longest_interval = 3600;

std::string interval_complaint(const std::string &text) {
    char *end = nullptr;
    const double seconds = std::strtod(text.c_str(), &end);
    if (end != text.c_str() && *end == '\0' && seconds >= shortest_interval && seconds <= longest_interval)
        return {};
    return fmt::format("'{}' is not a number of seconds between {} and {}", text, shortest_interval, longest_interval);
}

std::string count_complaint(const std::string &text) {
    if (!text.empty() && text.size() <= 9 && text.find_first_not_of("0123456789") == text.npos)
        return {};
    return fmt::format("'{}' is not a whole number below 1000000000", text);
}

void add_top(Grammar &grammar) {
    const auto [sub, options] = grammar.add<TopOptions>("top", "show how busy VMs and vCPUs are");
    sub->add_option("-d,--delay", options->interval, "seconds between two tables; by default 1")
        ->check(CLI::Validator(interval_complaint, ""))
        ->type_name("SECONDS");
    sub->add_option("-n,--count", options->count, "tables until it ends, 0 for no end; without a terminal by default 1")
        ->check(CLI::Validator(count_complaint, ""))
        ->type_name("COUNT");
    sub->add_flag("-e,--exits", options->exits,
                  "exits by kind of the service console's vCPUs, also when there are VMs");
}

void add_selftest(Grammar &grammar) {
    const auto [sub, options] =
        grammar.add<SelftestOptions>("selftest", "launch, look, run a VM and leave, and report how that went");
    text_option(sub, "--kernel", options->kernel, "FILE", "the VM's; by default /boot/guest.vmlinuz");
    text_option(sub, "--initrd", options->initrd, "FILE", "the VM's; by default /boot/guest.cpio.gz");
    text_option(sub, "--append", options->append, "TEXT", "the VM's command line; by default console=ttyS0");
    text_option(sub, "--memory", options->memory, "SIZE", "the VM's; by default 256M");
    text_option(sub, "--expect", options->expect, "TEXT", "what the VM prints at its shell; by default 'guest# '");
    text_option(sub, "-t,--timeout", options->timeout, "TIME", "until it does; by default 120s");
    text_option(sub, "--report", options->report, "FILE", "write the report there, anew at each step");
    sub->add_flag("-y,--yes", options->yes, "without asking");
}

} // namespace

void add_vmm_commands(Grammar &grammar) {
    grammar.add<StatusOptions>("status", "tell whether the VMM runs, and how");
    const auto [dmesg, options] = grammar.add<DmesgOptions>("dmesg", "print the VMM's log");
    dmesg->add_flag("-f,--follow", options->follow, "go on printing what is added");
    add_top(grammar);
    grammar.add<CheckOptions>("check", "tell whether the VMM could be launched here, without doing it");
    add_selftest(grammar);
}

} // namespace console
