// SPDX-License-Identifier: GPL-2.0-only
#include "console/vm/info/info_command.hpp"

#include "console/vm/info/vm_report.hpp"

namespace console {

ExitCode run_info(Environment &environment, const InfoOptions &options) {
    VmDirectory vms(environment);
    const VmReport report = VmReport::read_from(vms, vms.find(options.name));
    Output &out = environment.out;
    out.write(options.json ? json_text(report.json()) : report.text(Style::suited_to(out), out.size().columns));
    return ExitCode::Ok;
}

} // namespace console
