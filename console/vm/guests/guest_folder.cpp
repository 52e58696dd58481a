// SPDX-License-Identifier: GPL-2.0-only
#include "console/vm/guests/guest_folder.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <set>
#include <tuple>

#include "console/vm/options/vm_file.hpp"

namespace console {

namespace {

std::vector<std::filesystem::path> vm_files(const std::filesystem::path &folder) {
    std::vector<std::filesystem::path> files;
    std::error_code error;
    for (std::filesystem::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
        if (it->path().extension() == ".vm")
            files.push_back(it->path());
    if (error && error != std::errc::no_such_file_or_directory)
        throw Failure(ExitCode::Failure, fmt::format("cannot read {}: {}", folder.string(), error.message()));
    std::sort(files.begin(), files.end());
    return files;
}

} // namespace

GuestFolder GuestFolder::read(const std::filesystem::path &folder) {
    GuestFolder result;
    std::set<std::string> names;
    for (const std::filesystem::path &file : vm_files(folder)) {
        try {
            VmOptions options = read_vm_file(file);
            if (!names.insert(options.name).second)
                throw Failure(ExitCode::Usage,
                              fmt::format("{}: another file describes '{}' too", file.string(), options.name),
                              "give one of them another name");
            result.guests.push_back({file.string(), std::move(options)});
        } catch (const Failure &failure) {
            result.bad.push_back({file.string(), failure});
        }
    }
    const auto rank = [](const Guest &guest) { return std::tie(guest.options.order, guest.options.name); };
    std::sort(result.guests.begin(), result.guests.end(),
              [&](const Guest &a, const Guest &b) { return rank(a) < rank(b); });
    return result;
}

} // namespace console
