// SPDX-License-Identifier: GPL-2.0-only
#include "console/check/check_command.hpp"

#include "console/check/check_view.hpp"
#include "console/check/checker.hpp"

namespace console {

ExitCode run_check(Environment &environment, const CheckOptions &options) {
    const auto probe = environment.cpu_probe();
    const CheckReport report = check_machine(environment.root, *probe);
    Output &out = environment.out;
    out.write(options.json ? json_text(check_json(report))
                           : check_text(report, Style::suited_to(out), out.size().columns));
    return report.refused() ? ExitCode::Failure : ExitCode::Ok;
}

} // namespace console
