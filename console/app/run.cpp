// SPDX-License-Identifier: GPL-2.0-only
#include "console/app/run.hpp"

#include <fmt/format.h>

#include "console/app/command_line.hpp"
#include "console/base/failure.hpp"
#include "console/status/status_json.hpp"

namespace console {

namespace {

struct Runner {
    Environment &environment;
    ExitCode operator()(const StatusOptions &options) const { return run_status(environment, options); }
    ExitCode operator()(const DmesgOptions &options) const { return run_dmesg(environment, options); }
    ExitCode operator()(const TopOptions &options) const { return run_top(environment, options); }
    ExitCode operator()(const CheckOptions &options) const { return run_check(environment, options); }
    ExitCode operator()(const RunOptions &options) const { return run_run(environment, options); }
    ExitCode operator()(const ListOptions &options) const { return run_list(environment, options); }
    ExitCode operator()(const InfoOptions &options) const { return run_info(environment, options); }
    ExitCode operator()(const ConsoleOptions &options) const { return run_console(environment, options); }
    ExitCode operator()(const LogsOptions &options) const { return run_logs(environment, options); }
    ExitCode operator()(const OrderOptions &options) const { return run_order(environment, options); }
    ExitCode operator()(const StopOptions &options) const { return run_stop(environment, options); }
    ExitCode operator()(const SetOptions &options) const { return run_set(environment, options); }
    ExitCode operator()(const GuestsOptions &options) const { return run_guests(environment, options); }
    ExitCode operator()(const SelftestOptions &options) const { return run_selftest(environment, options); }
    ExitCode operator()(const ServiceConsoleOptions &options) const {
        return run_service_console(environment, options);
    }
};

bool wants_json(const Command &command) {
    return std::visit([](const auto &options) { return options.json; }, command);
}

JsonForm json_form(const Command &command) {
    const bool stream = std::holds_alternative<TopOptions>(command) || std::holds_alternative<DmesgOptions>(command) ||
                        std::holds_alternative<LogsOptions>(command);
    return stream ? JsonForm::OneLine : JsonForm::Pretty;
}

void tell(Output &err, const Failure &failure) {
    std::string text = fmt::format("vmnix: {}\n", failure.cause());
    if (!failure.remedy().empty())
        text += fmt::format("vmnix: {}\n", failure.remedy());
    try {
        err.write(text);
    } catch (const Failure &) { // nobody listens; the exit code still speaks
    }
}

ExitCode run_command(const Command &command, Environment &environment) {
    try {
        return std::visit(Runner{environment}, command);
    } catch (const Failure &failure) {
        tell(environment.err, failure);
        if (wants_json(command))
            environment.out.write(json_text(failure_json(failure), json_form(command)));
        return failure.code();
    }
}

} // namespace

ExitCode run(int argc, const char *const *argv, Environment &environment) {
    try {
        const auto parsed = parse_command_line(argc, argv);
        if (const auto *command = std::get_if<Command>(&parsed))
            return run_command(*command, environment);
        const auto &answer = std::get<Answer>(parsed);
        if (!answer.out.empty())
            environment.out.write(answer.out);
        if (!answer.err.empty())
            environment.err.write(answer.err);
        return answer.code;
    } catch (const Failure &failure) {
        tell(environment.err, failure);
        return failure.code();
    }
}

} // namespace console
