// SPDX-License-Identifier: GPL-2.0-only
#include "console/service_console/restart_console.hpp"

#include <fmt/format.h>
#include <fstream>
#include <unistd.h>

#include "console/base/failure.hpp"
#include "console/service_console/register_package.hpp"

namespace console {

namespace {

constexpr const char *keep_guests = "/run/vmnix/keep-guests"; // the services read it when they are stopped

bool agreed(Environment &environment) {
    environment.out.write("This ends all programs of the service console; VMs go on. Restart it? [y/N] ");
    char letter = 0;
    return ::read(environment.input, &letter, 1) == 1 && (letter == 'y' || letter == 'Y');
}

bool confirmed(Environment &environment, const ServiceConsoleOptions &options) {
    if (options.yes)
        return true;
    if (!::isatty(environment.input))
        throw Failure(ExitCode::Usage, "a restart ends all programs of the service console",
                      "without a terminal to ask, say --yes");
    return agreed(environment);
}

std::filesystem::path mark_guests(const Environment &environment) {
    std::filesystem::path mark = environment.root.string() + keep_guests;
    std::error_code error;
    std::filesystem::create_directories(mark.parent_path(), error);
    if (!(std::ofstream(mark) << "the service console restarts\n"))
        throw Failure(ExitCode::Failure,
                      fmt::format("cannot write {}, which keeps VMs from being stopped", keep_guests), "only root may");
    return mark;
}

ExitCode reboot(Environment &environment) {
    const std::filesystem::path mark = mark_guests(environment);
    const bool systemd = std::filesystem::exists(environment.root.string() + "/run/systemd/system");
    const auto words = systemd ? std::vector<std::string>{"systemctl", "reboot"} : std::vector<std::string>{"reboot"};
    if (const int code = environment.run_program(words); code != 0) {
        std::error_code ignored;
        std::filesystem::remove(mark, ignored);
        throw Failure(ExitCode::Failure, fmt::format("'{}' ended with {}", fmt::join(words, " "), code),
                      "--force restarts the service console without it");
    }
    environment.out.write("the service console goes down; VMs go on\n");
    return ExitCode::Ok;
}

[[noreturn]] void order(VmmDevice &device) {
    ::sync();
    vmnix_console_order order{};
    order.end = VMNIX_END_ORDER;
    constexpr std::string_view text = "vmnix service-console restart --force";
    text.copy(order.text, sizeof order.text - 1);
    if (device.order_console(order) == VmAnswer::NotFound)
        throw Failure(ExitCode::Refused, "the VMM has no package to restart the service console from",
                      "vmnix service-console set");
    throw Failure(ExitCode::Failure, "the VMM did not restart the service console", "'vmnix dmesg' may tell why");
}

} // namespace

ExitCode restart_console(Environment &environment, VmmDevice &device, const ServiceConsoleOptions &options) {
    if (!options.force && device.memory().vms == 0)
        throw Failure(ExitCode::WrongState, "there are no VMs: an orderly restart would be one of the whole machine",
                      "'reboot' does that; --force restarts the service console alone");
    if (options.package.given() || device.console_info().package_bytes == 0)
        register_package(environment, device, options.package);
    if (!confirmed(environment, options))
        return ExitCode::Ok;
    if (options.force)
        order(device);
    return reboot(environment);
}

} // namespace console
