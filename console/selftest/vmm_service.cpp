// SPDX-License-Identifier: GPL-2.0-only
#include "console/selftest/vmm_service.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "console/base/failure.hpp"

namespace console {

namespace {

// What LSB sets for init scripts.
constexpr int only_root = 4, not_installed = 5, no_program = 127;

std::string on_one_line(std::string_view text) {
    constexpr std::string_view prefix = "vmnix: ";
    std::string joined;
    while (!text.empty()) {
        std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        if (line.starts_with(prefix))
            line.remove_prefix(prefix.size());
        if (!line.empty())
            joined.append(joined.empty() ? "" : joined.ends_with(':') ? " " : "; ").append(line);
    }
    return joined;
}

} // namespace

std::string VmmService::act(const char *action) {
    const std::string root = environment_.root.string();
    const bool systemd = std::filesystem::exists(root + "/run/systemd/system");
    const std::vector<std::string> words = systemd ? std::vector<std::string>{"systemctl", action, "vmnix"}
                                                   : std::vector<std::string>{root + "/etc/init.d/vmnix", action};
    const ProgramResult result = environment_.capture_program(words);
    std::string said = on_one_line(result.text);
    if (result.code == 0)
        return said;
    const std::string cause =
        said.empty() ? fmt::format("'{}' ended with {}", fmt::join(words, " "), result.code) : said;
    if (result.code == only_root)
        throw Failure(ExitCode::Permission, cause, "run it as root");
    if (result.code == not_installed || result.code == no_program)
        throw Failure(ExitCode::Failure, cause, "install vmnix for this kernel: make install");
    throw Failure(ExitCode::Failure, cause, systemd ? "journalctl -u vmnix and dmesg | grep vmnix tell more" : "");
}

} // namespace console
