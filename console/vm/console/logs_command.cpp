// SPDX-License-Identifier: GPL-2.0-only
#include "console/vm/console/logs_command.hpp"

#include <algorithm>

#include "console/base/failure.hpp"
#include "console/dmesg/log_text.hpp"
#include "console/vm/record/vm_directory.hpp"

namespace console {

namespace {

constexpr std::uint32_t lost_event_ms = 1000;

// On a terminal what a VM wrote is text and no command; elsewhere it is passed on as it is.
class LogsWriter {
  public:
    LogsWriter(Output &out, bool json) : out_(out), json_(json) {}

    void write(std::string bytes) {
        if (json_) {
            for (const std::string &line : lines_.feed(bytes))
                write_line(line);
        } else if (out_.is_terminal()) {
            std::erase(bytes, '\r');
            out_.write(printable(bytes));
        } else {
            out_.write(bytes);
        }
    }
    void finish() {
        if (const std::string rest = lines_.rest(); !rest.empty())
            write_line(rest);
    }

  private:
    void write_line(std::string line) {
        std::erase(line, '\r');
        out_.write(json_text({{"text", line}}, JsonForm::OneLine));
    }

    Output &out_;
    bool json_;
    LineSplitter lines_;
};

// Writes all that is there; false when the VM is gone.
bool write_kept(VmmDevice &device, std::uint32_t id, std::uint64_t &position, LogsWriter &writer) {
    for (;;) {
        auto piece = device.read_console(id, position);
        if (!piece)
            return false;
        position = piece->position + piece->bytes.size();
        if (piece->bytes.empty())
            return true;
        writer.write(std::move(piece->bytes));
    }
}

} // namespace

ExitCode run_logs(Environment &environment, const LogsOptions &options) {
    VmDirectory vms(environment);
    const VmRecord vm = vms.find(options.name);
    LogsWriter writer(environment.out, options.json);
    std::uint64_t position = 0;
    std::uint32_t events = 0;
    for (;;) {
        const auto now = vms.with_id(vm.id());
        const bool there = write_kept(vms.device(), vm.id(), position, writer);
        if (!options.follow || !there || !now || now->ended())
            break;
        vms.device().wait_for_event(events, lost_event_ms);
    }
    writer.finish();
    return ExitCode::Ok;
}

} // namespace console
