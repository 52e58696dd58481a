// SPDX-License-Identifier: GPL-2.0-only
#include "console/status/status_command.hpp"

#include "console/base/failure.hpp"
#include "console/status/status_json.hpp"
#include "console/status/status_text.hpp"
#include "console/text/sheet.hpp"

namespace console {

namespace {

// "Not loaded" is an answer to the question, not an error.
ExitCode tell_not_loaded(Output &out, const Failure &failure, bool json) {
    Sheet sheet;
    sheet.add("state", "not loaded: Linux runs on the bare machine", Tone::Doubt);
    sheet.add("to do", failure.remedy());
    out.write(json ? json_text(failure_json(failure)) : sheet.render(Style::suited_to(out), out.size().columns));
    return failure.code();
}

std::unique_ptr<VmmDevice> open_or_explain(Environment &environment, const StatusOptions &options, ExitCode &code) {
    try {
        return environment.open_device();
    } catch (const Failure &failure) {
        if (failure.code() != ExitCode::NotRunning)
            throw;
        code = tell_not_loaded(environment.out, failure, options.json);
        return nullptr;
    }
}

} // namespace

ExitCode run_status(Environment &environment, const StatusOptions &options) {
    ExitCode code = ExitCode::Ok;
    const auto device = open_or_explain(environment, options, code);
    if (!device)
        return code;
    const StatusReport report = StatusReport::read_from(*device);
    Output &out = environment.out;
    out.write(options.json ? json_text(status_json(report))
                           : status_text(report, Style::suited_to(out), out.size().columns));
    return ExitCode::Ok;
}

} // namespace console
