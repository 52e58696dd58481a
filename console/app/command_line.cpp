// SPDX-License-Identifier: GPL-2.0-only
#include "console/app/command_line.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "vmnix/abi/handover/image.h"
#include "vmnix/abi/hypercall/hypercall.h"

#ifndef VMNIX_VERSION // kbuild/console.mk sets it
#define VMNIX_VERSION "without a version"
#endif

namespace console {

namespace {

constexpr double shortest_interval = 0.1;
constexpr double longest_interval = 3600;

constexpr const char *exit_codes_text =
    "Exit codes: 0 done, 1 failure (check: a launch would be refused), 2 wrong usage,\n"
    "3 the VMM is not loaded, 4 no permission. More in vmnix(8).";

// The commands, and where the parser puts what it finds.
struct Grammar {
    CLI::App app{"Looks after the vmnix hypervisor under this Linux.", "vmnix"};
    StatusOptions status;
    DmesgOptions dmesg;
    TopOptions top;
    unsigned top_count = 0;
    CheckOptions check;

    Grammar();

  private:
    CLI::App *command(const char *name, const char *description, bool &json);
    void top_command();
};

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

CLI::App *Grammar::command(const char *name, const char *description, bool &json) {
    CLI::App *sub = app.add_subcommand(name, description);
    sub->add_flag("--json", json, "for machines: JSON instead of text");
    sub->footer(exit_codes_text);
    return sub;
}

void Grammar::top_command() {
    CLI::App *sub = command("top", "show exits to the VMM per second, by vCPU and kind", top.json);
    sub->add_option("-d,--delay", top.interval, "seconds between two tables; by default 1")
        ->check(CLI::Validator(interval_complaint, ""))
        ->type_name("SECONDS");
    sub->add_option("-n,--count", top_count, "tables until it ends, 0 for no end; without a terminal by default 1")
        ->check(CLI::Validator(count_complaint, ""))
        ->type_name("COUNT");
}

Grammar::Grammar() {
    app.require_subcommand(1);
    app.footer(exit_codes_text);
    app.set_version_flag("-V,--version", version_text(), "print version and exit");
    command("status", "tell whether the VMM runs, and how", status.json);
    command("dmesg", "print the VMM's log", dmesg.json)
        ->add_flag("-f,--follow", dmesg.follow, "go on printing what is added");
    top_command();
    command("check", "tell whether the VMM could be launched here, without doing it", check.json);
}

// The first word that is no option, if no command is called so.
std::string unknown_command(const CLI::App &app, int argc, const char *const *argv) {
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        if (!word.empty() && word.front() == '-')
            continue;
        const auto known = app.get_subcommands([&](const CLI::App *sub) { return sub->get_name() == word; });
        return known.empty() ? word : "";
    }
    return {};
}

Answer mistake(const CLI::App &app, const std::string &what) {
    std::string command = "vmnix";
    for (const CLI::App *sub : app.get_subcommands())
        command += " " + sub->get_name();
    return {ExitCode::Usage, {}, fmt::format("vmnix: {}\nTry '{} --help'.\n", what, command)};
}

} // namespace

std::string version_text() {
    return fmt::format("vmnix {}\nhypercall ABI {} (oldest {}), handover ABI {}", VMNIX_VERSION, VMNIX_HYPERCALL_ABI,
                       VMNIX_HYPERCALL_ABI_OLDEST, VMNIX_HANDOVER_ABI);
}

std::variant<Answer, Command> parse_command_line(int argc, const char *const *argv) {
    Grammar grammar;
    if (argc <= 1)
        return Answer{ExitCode::Usage, {}, grammar.app.help()};
    if (const std::string word = unknown_command(grammar.app, argc, argv); !word.empty())
        return mistake(grammar.app, fmt::format("there is no command '{}'", word));
    try {
        grammar.app.parse(argc, argv);
    } catch (const CLI::Success &success) { // help or version
        std::ostringstream text;
        grammar.app.exit(success, text, text);
        return Answer{ExitCode::Ok, text.str(), {}};
    } catch (const CLI::ParseError &error) {
        return mistake(grammar.app, error.what());
    }
    if (grammar.app.got_subcommand("status"))
        return grammar.status;
    if (grammar.app.got_subcommand("dmesg"))
        return grammar.dmesg;
    if (grammar.app.got_subcommand("check"))
        return grammar.check;
    if (grammar.app.get_subcommand("top")->count("--count") > 0)
        grammar.top.count = grammar.top_count;
    return grammar.top;
}

} // namespace console
