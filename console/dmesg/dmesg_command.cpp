// SPDX-License-Identifier: GPL-2.0-only
#include "console/dmesg/dmesg_command.hpp"

#include "console/base/failure.hpp"
#include "console/dmesg/log_text.hpp"
#include "console/text/json.hpp"

namespace console {

namespace {

std::string json_line(const std::string &text) {
    const LogLine line = LogLine::parse(text);
    Json json = Json::object();
    if (line.seconds)
        json["seconds"] = *line.seconds;
    json["text"] = line.text;
    return json_text(json, JsonForm::OneLine);
}

// Writes the log piece by piece in the form that was asked for.
class LogWriter {
  public:
    LogWriter(Output &out, bool json) : out_(out), json_(json) {}

    void write(std::string_view piece) {
        if (!json_) {
            out_.write(printable(piece));
            return;
        }
        std::string text;
        for (const std::string &line : lines_.feed(piece))
            text += json_line(line);
        if (!text.empty())
            out_.write(text);
    }

    void finish() {
        if (const std::string rest = lines_.rest(); !rest.empty())
            out_.write(json_line(rest));
    }

  private:
    Output &out_;
    bool json_;
    LineSplitter lines_;
};

} // namespace

ExitCode run_dmesg(Environment &environment, const DmesgOptions &options) {
    const auto device = environment.open_device();
    LogWriter writer(environment.out, options.json);
    for (;;) {
        for (std::string piece; !(piece = device->read_log()).empty();)
            writer.write(piece);
        if (!options.follow)
            break;
        if (device->wait_for_log(-1) == VmmDevice::Wait::Gone) {
            writer.finish();
            throw Failure(ExitCode::NotRunning, "the VMM has left this machine", "nothing more will come");
        }
    }
    writer.finish();
    return ExitCode::Ok;
}

} // namespace console
