// SPDX-License-Identifier: GPL-2.0-only
#include "console/app/command_line.hpp"

#include <fmt/format.h>

#include "console/app/grammar.hpp"
#include "vmnix/abi/handover/image.h"
#include "vmnix/abi/hypercall/hypercall.h"

#ifndef VMNIX_VERSION // kbuild/console.mk sets it
#define VMNIX_VERSION "without a version"
#endif

namespace console {

namespace {

// The first word that is no option, if no command is called so.
std::string unknown_command(const CLI::App &app, int argc, const char *const *argv) {
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        if (!word.empty() && word.front() == '-')
            continue;
        const auto known = app.get_subcommands([&](const CLI::App *sub) { return sub->check_name(word); });
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
    CLI::App &app = grammar.app();
    app.set_version_flag("-V,--version", version_text(), "print version and exit");
    if (argc <= 1)
        return Answer{ExitCode::Usage, {}, app.help()};
    if (const std::string word = unknown_command(app, argc, argv); !word.empty())
        return mistake(app, fmt::format("there is no command '{}'", word));
    try {
        app.parse(argc, argv);
    } catch (const CLI::Success &success) { // help or version
        std::ostringstream text;
        app.exit(success, text, text);
        return Answer{ExitCode::Ok, text.str(), {}};
    } catch (const CLI::ParseError &error) {
        return mistake(app, error.what());
    }
    return grammar.chosen();
}

} // namespace console
