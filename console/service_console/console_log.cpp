// SPDX-License-Identifier: GPL-2.0-only
#include "console/service_console/console_log.hpp"

#include <algorithm>

#include "console/dmesg/log_text.hpp"
#include "console/text/json.hpp"

namespace console {

namespace {

constexpr double between_looks = 1; // seconds; kernel messages are no event of the VMM's

class Writer {
  public:
    Writer(Output &out, bool json) : out_(out), json_(json) {}

    void write(const std::string &piece) {
        if (!json_)
            return out_.write(printable(piece));
        for (const std::string &line : lines_.feed(piece))
            write_line(line);
    }
    void finish() {
        if (const std::string rest = lines_.rest(); !rest.empty())
            write_line(rest);
    }

  private:
    void write_line(const std::string &line) { out_.write(json_text({{"text", line}}, JsonForm::OneLine)); }

    Output &out_;
    bool json_;
    LineSplitter lines_;
};

// What is kept from `position` to `end`, and the position behind it.
std::uint64_t write_kept(VmmDevice &device, std::uint64_t position, std::uint64_t end, Writer &writer) {
    while (position < end) {
        ConsolePiece piece = device.read_console_log(position);
        if (piece.bytes.empty() || piece.position >= end)
            break;
        piece.bytes.resize(std::min<std::uint64_t>(piece.bytes.size(), end - piece.position));
        position = piece.position + piece.bytes.size();
        writer.write(piece.bytes);
    }
    return position;
}

} // namespace

ExitCode print_console_log(Environment &environment, VmmDevice &device, const ServiceConsoleOptions &options) {
    const vmnix_console_info info = device.console_info();
    Writer writer(environment.out, options.json);
    const std::uint64_t begin = options.previous || options.all ? 0 : info.log_of_this;
    std::uint64_t position = write_kept(device, begin, options.previous ? info.log_of_this : info.log_head, writer);
    while (options.follow) {
        environment.sleep(between_looks);
        position = write_kept(device, position, device.console_info().log_head, writer);
    }
    writer.finish();
    return ExitCode::Ok;
}

} // namespace console
