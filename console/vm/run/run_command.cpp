// SPDX-License-Identifier: GPL-2.0-only
#include "console/vm/run/run_command.hpp"

#include <fmt/format.h>
#include <set>

#include "console/base/failure.hpp"
#include "console/vm/console/console_command.hpp"
#include "console/vm/options/bad_value.hpp"
#include "console/vm/options/values.hpp"
#include "console/vm/options/vm_file.hpp"
#include "console/vm/options/vm_option.hpp"
#include "console/vm/record/vm_directory.hpp"
#include "console/vm/start/vm_starter.hpp"

namespace console {

namespace {

std::vector<std::string> notes_on(const VmOptions &options) {
    if (options.memory == options.rounded_memory())
        return {};
    return {fmt::format("memory of {} is rounded up to {}: it is given out in pieces of {}",
                        memory_text(options.memory), memory_text(options.rounded_memory()),
                        memory_text(VMNIX_PIECE_SIZE))};
}

void tell_json(Output &out, const VmRecord &vm, const std::vector<std::string> &notes) {
    Json json = vm_json(vm);
    json["notes"] = notes;
    out.write(json_text(json));
}

void tell(Environment &environment, const VmRecord &vm, const RunOptions &options, const VmOptions &given) {
    const auto notes = notes_on(given);
    for (const std::string &note : notes)
        environment.err.write(fmt::format("vmnix: note: {}\n", note));
    if (options.json)
        tell_json(environment.out, vm, notes);
    else if (!options.attach)
        environment.out.write(
            fmt::format("{0} runs (id {1}). 'vmnix console {0}' shows its console.\n", vm.name(), vm.id()));
}

} // namespace

VmOptions merged_options(const RunOptions &options) {
    VmOptions merged = options.file ? read_vm_file(*options.file) : VmOptions{};
    std::set<std::string> lists;
    for (const auto &[key, value] : options.given) {
        const VmOption *option = find_vm_option(key);
        if (option->kind == OptionKind::List && lists.insert(key).second)
            merged.modules.clear(); // the file's, not those that the command line named already
        try {
            option->set(merged, value, std::filesystem::current_path());
        } catch (const BadValue &bad) {
            throw Failure(ExitCode::Usage, fmt::format("--{}: {}", key, bad.what()),
                          "'vmnix run --help' has the options");
        }
    }
    return merged;
}

ExitCode run_run(Environment &environment, const RunOptions &options) {
    if (!options.file && options.given.empty())
        throw Failure(ExitCode::Usage, "there is nothing to run",
                      "name a file, or --name and --kernel; see 'vmnix run --help'");
    const VmOptions merged = merged_options(options);
    VmDirectory vms(environment);
    const VmRecord vm = VmStarter(environment, vms).start(merged);
    tell(environment, vm, options, merged);
    if (!options.attach)
        return ExitCode::Ok;
    if (!vms.with_id(vm.id())) { // it was as quick as that
        environment.err.write(fmt::format("vmnix: {} has ended and was removed\n", vm.name()));
        return ExitCode::Ok;
    }
    return run_console(environment, {std::to_string(vm.id()), std::nullopt});
}

} // namespace console
