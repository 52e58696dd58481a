// SPDX-License-Identifier: GPL-2.0-only
#include <fmt/format.h>

#include "console/app/grammar.hpp"
#include "console/vm/options/bad_value.hpp"
#include "console/vm/options/share_options.hpp"
#include "console/vm/options/values.hpp"
#include "console/vm/options/vm_option.hpp"

namespace console {

namespace {

constexpr const char *vm_help = "name, id, UUID or the beginning of a UUID";

void name_argument(CLI::App *sub, std::string &name) {
    sub->add_option("VM", name, vm_help)->required()->type_name("");
}

void names_argument(CLI::App *sub, std::vector<std::string> &names) {
    sub->add_option("VM", names, vm_help)->required()->type_name("");
}

void timeout_option(CLI::App *sub, const char *help, const std::function<void(double)> &set) {
    const auto take = [set](const std::string &text) {
        try {
            set(parse_duration(text));
        } catch (const BadValue &bad) {
            throw CLI::ValidationError("--timeout", bad.what());
        }
    };
    sub->add_option_function<std::string>("-t,--timeout", take, help)->type_name("TIME");
}

// The texts are kept as they are: what they mean is for the table of options to say.
template <class Options>
void given_option(CLI::App *sub, const Options &options, const char *key, const char *value_name, const char *help) {
    sub->add_option_function<std::string>(
           fmt::format("--{}", key),
           [options, key](const std::string &text) { options->given.emplace_back(key, text); }, help)
        ->type_name(value_name);
}

void given_list(CLI::App *sub, const std::shared_ptr<RunOptions> &options, const VmOption &option) {
    const auto take = [options, &option](const std::vector<std::string> &texts) {
        for (const std::string &text : texts)
            options->given.emplace_back(option.key, text);
    };
    sub->add_option_function<std::vector<std::string>>(fmt::format("--{}", option.key), take, option.help)
        ->allow_extra_args(false)
        ->type_name(option.value_name);
}

void given_flag(CLI::App *sub, const std::shared_ptr<RunOptions> &options, const VmOption &option) {
    sub->add_flag_callback(
        fmt::format("--{}", option.key), [options, &option] { options->given.emplace_back(option.key, "yes"); },
        option.help);
}

void add_run(Grammar &grammar) {
    const auto [sub, options] = grammar.add<RunOptions>("run", "start a VM");
    sub->add_option("FILE", options->file, "its options, one 'key = value' on a line; see vmnix(8)")->type_name("");
    for (const VmOption &option : vm_options()) {
        if (option.place == OptionPlace::FilesOnly)
            continue;
        if (option.kind == OptionKind::YesNo)
            given_flag(sub, options, option);
        else if (option.kind == OptionKind::List)
            given_list(sub, options, option);
        else
            given_option(sub, options, option.key, option.value_name, option.help);
    }
    sub->add_flag("-c,--console", options->attach, "show its console at once");
}

void add_looks(Grammar &grammar) {
    const auto [list, list_options] = grammar.add<ListOptions>("list", "list the VMs");
    list->add_flag("-a,--all", list_options->all, "also those that have ended, with how and when");
    list->add_flag("--names", list_options->names, "only the names");
    const auto [info, info_options] = grammar.add<InfoOptions>("info", "tell everything about a VM");
    name_argument(info, info_options->name);
    const auto [console, console_options] =
        grammar.add<ConsoleOptions>("console", "use a VM's console; Ctrl-] leaves it");
    name_argument(console, console_options->name);
    timeout_option(console, "leave it after this time",
                   [options = console_options](double seconds) { options->timeout = seconds; });
    const auto [logs, logs_options] = grammar.add<LogsOptions>("logs", "print what a VM wrote to its console");
    name_argument(logs, logs_options->name);
    logs->add_flag("-f,--follow", logs_options->follow, "go on printing what is added, until the VM ends");
}

void add_stop(Grammar &grammar) {
    const auto [sub, options] = grammar.add<StopOptions>("stop", "press VMs' power buttons and wait until they end");
    sub->alias("shutdown");
    names_argument(sub, options->names);
    timeout_option(sub, "how long to wait; by default 30s",
                   [given = options](double seconds) { given->timeout = seconds; });
    sub->add_flag("--kill", options->kill, "kill those that have not ended then");
}

void add_orders(Grammar &grammar) {
    struct Row {
        vmnix_vm_order order;
        const char *name, *alias, *description;
    };
    constexpr Row rows[] = {
        {VMNIX_VM_KILL, "kill", "destroy", "end VMs at once, as if the power failed"},
        {VMNIX_VM_PAUSE, "pause", nullptr, "let VMs stand still"},
        {VMNIX_VM_RESUME, "resume", nullptr, "let paused VMs go on"},
        {VMNIX_VM_RESET, "reset", nullptr, "start VMs again from the beginning, also those that have ended"},
        {VMNIX_VM_REMOVE, "rm", nullptr, "remove VMs that have ended"},
    };
    for (const Row &row : rows) {
        const auto [sub, options] =
            grammar.add<OrderOptions>(row.name, row.description, OrderOptions{false, row.order, {}, false});
        if (row.alias)
            sub->alias(row.alias);
        names_argument(sub, options->names);
        if (row.order == VMNIX_VM_REMOVE)
            sub->add_flag("-f,--force", options->force, "kill those that run");
    }
}

void add_set(Grammar &grammar) {
    const auto [sub, options] = grammar.add<SetOptions>("set", "change how a VM shares CPUs, and show it");
    sub->add_option("VM", options->name, std::string(vm_help) + "; 'console' is the service console")
        ->required()
        ->type_name("");
    for (const ShareOption &option : share_options())
        given_option(sub, options, option.key, option.value_name, option.help);
}

void add_guests(Grammar &grammar) {
    const auto [sub, options] = grammar.add<GuestsOptions>("guests", "what the service does with the VMs of a folder");
    sub->add_option("ACTION", options->action, "start, stop or status")
        ->required()
        ->check(CLI::IsMember({"start", "stop", "status"}))
        ->type_name("");
    sub->add_option("--directory", options->directory, "where the files are; by default /etc/vmnix/guests")
        ->type_name("FOLDER");
    timeout_option(sub, "stop: how long to wait for all; by default 60s",
                   [given = options](double seconds) { given->timeout = seconds; });
    sub->add_flag("--kill-after-timeout", options->kill, "stop: kill those that have not ended then");
    sub->add_flag("-a,--all", options->all, "stop: also VMs that have no file there");
    sub->add_flag("--rm", options->remove, "stop: then remove those that have ended");
}

} // namespace

void add_vm_commands(Grammar &grammar) {
    add_run(grammar);
    add_looks(grammar);
    add_stop(grammar);
    add_orders(grammar);
    add_set(grammar);
    add_guests(grammar);
}

} // namespace console
