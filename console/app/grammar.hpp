// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "console/app/command.hpp"

namespace console {

// The commands that the command line may name, and where the parser puts what it finds.
class Grammar {
  public:
    Grammar();

    CLI::App &app() { return app_; }
    Command chosen() const; // by the last command line, which was in order

    // A command with options of its own; what the parser finds goes to the second.
    template <class Options>
    std::pair<CLI::App *, std::shared_ptr<Options>> add(const char *name, const char *description,
                                                        Options initial = {}) {
        auto options = std::make_shared<Options>(std::move(initial));
        CLI::App *sub = add_command(name, description);
        if constexpr (requires { options->json = true; })
            sub->add_flag("--json", options->json, "for machines: JSON instead of text");
        entries_.push_back({sub, [options] { return Command(*options); }});
        return {sub, options};
    }

  private:
    struct Entry {
        CLI::App *sub;
        std::function<Command()> options;
    };
    CLI::App *add_command(const char *name, const char *description);

    CLI::App app_;
    std::vector<Entry> entries_;
};

// An option that takes a word as it is.
template <class Value>
void text_option(CLI::App *sub, const char *name, Value &to, const char *type, const char *help) {
    sub->add_option(name, to, help)->type_name(type);
}

void add_vmm_commands(Grammar &grammar);
void add_vm_commands(Grammar &grammar);
void add_service_console_commands(Grammar &grammar);

} // namespace console
