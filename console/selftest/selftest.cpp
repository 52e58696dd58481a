// SPDX-License-Identifier: GPL-2.0-only
#include "console/selftest/selftest.hpp"

#include <csignal>
#include <fmt/format.h>

#include "console/base/failure.hpp"
#include "console/check/checker.hpp"
#include "console/dmesg/log_text.hpp"
#include "console/selftest/console_look.hpp"
#include "console/selftest/timers.hpp"
#include "console/selftest/vm_trial.hpp"
#include "console/selftest/vmm_service.hpp"
#include "console/vm/options/bad_value.hpp"
#include "console/vm/options/values.hpp"
#include "console/vm/run/run_command.hpp"

namespace console {

namespace {

constexpr const char *guest_kernel = "/boot/guest.vmlinuz";
constexpr const char *guest_initrd = "/boot/guest.cpio.gz";

bool runs(Environment &environment) {
    try {
        environment.open_device();
        return true;
    } catch (const Failure &failure) {
        if (failure.code() != ExitCode::NotRunning)
            throw;
        return false;
    }
}

VmOptions trial_options(const Environment &environment, const SelftestOptions &options) {
    RunOptions run;
    const auto give = [&](const char *key, const std::string &value) { run.given.emplace_back(key, value); };
    give("name", "vmnix-selftest");
    give("kernel", options.kernel.value_or(environment.root.string() + guest_kernel));
    if (options.initrd || !options.kernel) // a kernel of the user's own may need none
        give("initrd", options.initrd.value_or(environment.root.string() + guest_initrd));
    give("append", options.append.value_or("console=ttyS0"));
    if (options.memory)
        give("memory", *options.memory);
    return merged_options(run);
}

void require_file(const std::optional<std::string> &file, const char *option) {
    if (file && !std::filesystem::exists(*file))
        throw Failure(ExitCode::Usage, fmt::format("{}: there is no {}", option, *file));
}

void check_options(const SelftestOptions &options) {
    require_file(options.kernel, "--kernel");
    require_file(options.initrd, "--initrd");
    if (options.expect.empty())
        throw Failure(ExitCode::Usage, "--expect: an empty text is always there");
    try {
        parse_duration(options.timeout);
    } catch (const BadValue &bad) {
        throw Failure(ExitCode::Usage, fmt::format("--timeout: {}", bad.what()));
    }
}

std::string why_refused(const CheckReport &check) {
    std::string text;
    for (const CheckRow &row : check.rows)
        if (row.verdict == CheckRow::Verdict::Refused)
            text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", row.name, row.text);
    return text;
}

void replace_all(std::string &text, const std::string &what, const char *by) {
    for (std::size_t at = 0; !what.empty() && (at = text.find(what, at)) != text.npos;)
        text.replace(at, what.size(), by);
}

std::vector<std::string> lines_of(const std::string &text) {
    LineSplitter splitter;
    std::vector<std::string> lines = splitter.feed(text);
    if (std::string rest = splitter.rest(); !rest.empty())
        lines.push_back(std::move(rest));
    return lines;
}

} // namespace

Selftest::Selftest(Environment &environment, const SelftestOptions &options)
    : environment_(environment), options_(options) {
    check_options(options);
    vm_options_ = trial_options(environment, options);
    vmm_ran_ = runs(environment);
}

SelftestReport Selftest::run(const Listener &told) {
    told_ = told;
    signals_.emplace({SIGINT, SIGTERM, SIGHUP, SIGPIPE});
    report_.host = HostFacts::read(environment_.root, *environment_.cpu_probe());
    step("check", &Selftest::check);
    step("launch", &Selftest::launch);
    step("console", &Selftest::look);
    step("vm", &Selftest::vm);
    read_vmm();
    step("leave", &Selftest::leave);
    read_kernel_log();
    report_.finished = !interrupted_;
    return report_;
}

void Selftest::step(const char *name, End (Selftest::*action)()) {
    SelftestStep step;
    step.name = name;
    report_.steps.push_back(step);
    told_(report_, step);
    const double begin = environment_.monotonic();
    interrupted_ = interrupted_ || signals_->take() != 0;
    try {
        const End end =
            interrupted_ && action != &Selftest::leave ? skipped("interrupted by a signal") : (this->*action)();
        step.outcome = end.outcome;
        step.text = without_paths(end.text);
    } catch (const Failure &failure) {
        step.outcome = SelftestStep::Outcome::Failed;
        step.text = without_paths(failure.cause());
        step.remedy = without_paths(failure.remedy());
        step.code = failure.code();
    }
    step.seconds = environment_.monotonic() - begin;
    report_.steps.back() = step;
    told_(report_, step);
}

Selftest::End Selftest::check() {
    if (vmm_ran_)
        return skipped("the VMM runs already, and nothing can be judged from inside");
    report_.check = check_machine(environment_.root, *environment_.cpu_probe());
    refused_ = report_.check->refused();
    if (refused_)
        throw Failure(ExitCode::Failure, "a launch would be refused: " + why_refused(*report_.check),
                      "vmnix check shows each row with its remedy");
    const unsigned unknown = report_.check->count(CheckRow::Verdict::Unknown);
    return ok(unknown ? fmt::format("nothing seen speaks against a launch; {} of {} rows could not be judged", unknown,
                                    report_.check->rows.size())
                      : "nothing speaks against a launch");
}

Selftest::End Selftest::launch() {
    if (vmm_ran_)
        return skipped("the VMM runs already; it is used, and stays");
    if (refused_)
        return skipped("it would be refused");
    std::string said;
    try {
        said = VmmService(environment_).start();
    } catch (const Failure &) {
        launched_ = runs(environment_); // the way back is then still to be gone
        throw;
    }
    if (!runs(environment_))
        throw Failure(ExitCode::NotRunning, said.empty() ? "the service started, and there is no VMM" : said);
    launched_ = true;
    return ok(said);
}

Selftest::End Selftest::look() {
    if (!under_vmm())
        return skipped("there is no VMM");
    return ok(look_at_console(environment_, report_.clock));
}

Selftest::End Selftest::vm() {
    if (!under_vmm())
        return skipped("there is no VMM");
    if (!options_.kernel && !std::filesystem::exists(vm_options_.kernel))
        return skipped(fmt::format("there is no {}; --kernel and --initrd name a guest", guest_kernel));
    VmTrial trial(environment_, options_, vm_options_, *signals_);
    try {
        return ok(trial.run(report_.vm));
    } catch (const Failure &) {
        guest_said_ = trial.last_words();
        throw;
    }
}

// What the VMM tells is gone when it is.
void Selftest::read_vmm() {
    if (!under_vmm())
        return;
    try {
        const auto device = environment_.open_device();
        report_.status = StatusReport::read_from(*device);
        std::string log;
        for (std::string piece; !(piece = device->read_log()).empty();)
            log += piece;
        for (const std::string &line : lines_of(log))
            report_.vmm_log.push_back(printable(line));
    } catch (const Failure &failure) {
        report_.vmm_log.push_back("not read: " + failure.cause());
    }
}

Selftest::End Selftest::leave() {
    if (!launched_)
        return skipped(vmm_ran_ ? "the VMM ran before" : "there is no VMM");
    const std::string said = VmmService(environment_).stop();
    if (runs(environment_))
        throw Failure(ExitCode::Failure, said.empty() ? "the service stopped, and the VMM is still there" : said);
    const auto probe = environment_.cpu_probe();
    const std::vector<unsigned> cpus = online_cpus(environment_.root);
    for (const unsigned cpu : cpus)
        if (probe->visit(cpu) && has_vmm_signature(*probe))
            throw Failure(ExitCode::Failure, fmt::format("CPU {} still runs under the VMM", cpu));
    sleep_on_each(environment_, *probe, cpus);
    return ok(said);
}

void Selftest::read_kernel_log() {
    for (const std::string &line : lines_of(environment_.capture_program({"dmesg"}).text))
        if (line.find("vmnix: ") != line.npos || line.find("vmkmod: ") != line.npos)
            report_.kernel_log.push_back(printable(line));
}

// A user's own files may be named after the user.
std::string Selftest::without_paths(std::string text) const {
    if (options_.kernel)
        replace_all(text, vm_options_.kernel, "(the file of --kernel)");
    if (options_.initrd)
        replace_all(text, vm_options_.initrd, "(the file of --initrd)");
    return text;
}

} // namespace console
