// SPDX-License-Identifier: GPL-2.0-only
#include "console/service_console/cores.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <fmt/chrono.h>

#include "console/base/file.hpp"
#include "console/text/json.hpp"
#include "console/text/sheet.hpp"
#include "console/text/units.hpp"

namespace console {

namespace {

namespace fs = std::filesystem;

constexpr const char *folder = "/var/crash"; // where kdump-tools saves them
constexpr const char *advice = "install kdump-tools, and restart with its crashkernel= on the command line";

struct Core {
    std::string path; // as this Linux names it
    std::uint64_t bytes;
    fs::file_time_type written;
};

struct Cores {
    bool crash_kernel_loaded = false;
    std::uint64_t crash_kernel_bytes = 0; // kept for it
    std::vector<Core> saved;              // the newest first
};

std::uint64_t number_in(const fs::path &path) {
    const std::string text = read_file(path).value_or("");
    std::uint64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

// kdump-tools makes dump.TIME of makedumpfile's format, or vmcore.TIME as it is; dump-incomplete while it writes.
bool is_core(const fs::path &file) {
    const std::string name = file.filename().string();
    return name.starts_with("dump.") || name.starts_with("vmcore.") || name == "vmcore";
}

std::vector<Core> saved_cores(const std::string &root) {
    std::vector<Core> cores;
    std::error_code error;
    const auto options = fs::directory_options::skip_permission_denied;
    for (fs::recursive_directory_iterator it(root + folder, options, error), end; !error && it != end;
         it.increment(error)) {
        std::error_code gone; // the file, meanwhile
        const std::uint64_t bytes = it->file_size(gone);
        const fs::file_time_type written = it->last_write_time(gone);
        if (!gone && it->is_regular_file(gone) && is_core(it->path()))
            cores.push_back({it->path().string().substr(root.size()), bytes, written});
    }
    std::ranges::sort(cores, std::ranges::greater(), &Core::written);
    return cores;
}

Cores find_cores(const fs::path &root) {
    return {number_in(root.string() + "/sys/kernel/kexec_crash_loaded") == 1,
            number_in(root.string() + "/sys/kernel/kexec_crash_size"), saved_cores(root.string())};
}

std::string time_text(fs::file_time_type time) {
    const auto system = std::chrono::file_clock::to_sys(time);
    return fmt::format("{:%F %T}", fmt::localtime(std::chrono::system_clock::to_time_t(
                                       std::chrono::time_point_cast<std::chrono::system_clock::duration>(system))));
}

std::string crash_kernel_text(const Cores &cores) {
    if (cores.crash_kernel_loaded)
        return fmt::format("loaded, {} kept for it: it saves a core before the console is restarted",
                           byte_size(cores.crash_kernel_bytes));
    return cores.crash_kernel_bytes != 0 ? "none loaded: no core is saved (kdump-config load)"
                                         : fmt::format("none: no core is saved ({})", advice);
}

std::string text_of(const Cores &cores, const Style &style, unsigned width) {
    Sheet sheet;
    sheet.add("crash kernel", crash_kernel_text(cores), cores.crash_kernel_loaded ? Tone::Good : Tone::Doubt);
    if (cores.saved.empty())
        sheet.add("cores", fmt::format("none in {}", folder));
    for (const Core &core : cores.saved)
        sheet.add(&core == cores.saved.data() ? "cores" : "",
                  fmt::format("{}, {}, {}", core.path, byte_size(core.bytes), time_text(core.written)));
    return sheet.render(style, width);
}

Json json_of(const Cores &cores) {
    Json json{{"crash_kernel_loaded", cores.crash_kernel_loaded},
              {"crash_kernel_bytes", cores.crash_kernel_bytes},
              {"cores", Json::array()}};
    for (const Core &core : cores.saved)
        json["cores"].push_back({{"path", core.path}, {"bytes", core.bytes}, {"written", time_text(core.written)}});
    return json;
}

} // namespace

ExitCode print_cores(Environment &environment, bool json) {
    const Cores cores = find_cores(environment.root);
    Output &out = environment.out;
    out.write(json ? json_text(json_of(cores)) : text_of(cores, Style::suited_to(out), out.size().columns));
    return ExitCode::Ok;
}

} // namespace console
