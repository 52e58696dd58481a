// SPDX-License-Identifier: GPL-2.0-only
#include "console/selftest/selftest_command.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "console/base/failure.hpp"
#include "console/base/unique_fd.hpp"
#include "console/selftest/selftest.hpp"

namespace console {

namespace {

constexpr const char *what_it_does = "This puts the VMM under the running Linux. Should that go wrong, the machine "
                                     "stands still or resets: save your work";

bool agreed(Environment &environment) {
    environment.err.write(fmt::format("{}. Go on? [y/N] ", what_it_does));
    char letter = 0;
    return ::read(environment.input, &letter, 1) == 1 && (letter == 'y' || letter == 'Y');
}

void confirm(Environment &environment, const SelftestOptions &options, const Selftest &test) {
    if (options.yes || test.vmm_runs()) // then nothing is handed over
        return;
    if (!::isatty(environment.input))
        throw Failure(ExitCode::Usage, "a selftest hands the machine over to the VMM",
                      "without a terminal to ask, say --yes");
    if (!agreed(environment))
        throw Failure(ExitCode::Failure, "not agreed to; nothing was done");
}

Failure cannot_write(const std::string &file) {
    return {ExitCode::Failure, fmt::format("cannot write {}: {}", file, std::strerror(errno))};
}

// On the disk before the next step, which may take the machine down.
void save(const std::string &file, const std::string &text) {
    const std::string part = file + ".part";
    const UniqueFd fd(::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (!fd || ::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
        ::fsync(fd.get()) != 0 || ::rename(part.c_str(), file.c_str()) != 0)
        throw cannot_write(file);
    const std::filesystem::path folder = std::filesystem::absolute(file).parent_path();
    const UniqueFd directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    ::fsync(directory.get()); // some file systems cannot, and do it by themselves
}

// A name when a step begins, the rest of the line when it has ended.
void show(Output &out, const SelftestStep &step) {
    if (step.outcome == SelftestStep::Outcome::Running)
        out.write(fmt::format("{:<9}", step.name));
    else
        out.write(step_text(step, Style::suited_to(out)));
}

void tell(Environment &environment, const SelftestOptions &options, const SelftestReport &report) {
    Output &out = environment.out;
    if (options.json) {
        out.write(json_text(selftest_json(report)));
        return;
    }
    out.write("\n" + selftest_text(report, Style::suited_to(out), out.size().columns));
    if (options.report)
        out.write(
            fmt::format("\n{} is what to send back; docs/testing.md tells where and with what.\n", *options.report));
}

} // namespace

ExitCode run_selftest(Environment &environment, const SelftestOptions &options) {
    Selftest test(environment, options);
    confirm(environment, options, test);
    std::optional<Failure> unheard; // nothing that cannot be told keeps the way back from its turn
    const SelftestReport report = test.run([&](const SelftestReport &now, const SelftestStep &step) {
        try {
            if (options.report)
                save(*options.report, json_text(selftest_json(now)));
            if (!options.json)
                show(environment.out, step);
        } catch (const Failure &failure) {
            if (!unheard)
                unheard = failure;
        }
    });
    if (unheard)
        throw Failure(*unheard);
    if (options.report)
        save(*options.report, json_text(selftest_json(report)));
    if (!test.guest_said().empty())
        environment.err.write(fmt::format("vmnix: the guest said last:\n{}\n", test.guest_said()));
    tell(environment, options, report);
    return report.code();
}

} // namespace console
