// SPDX-License-Identifier: GPL-2.0-only
#include "console/device/file_device.hpp"

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <fmt/format.h>
#include <poll.h>

#include "console/base/failure.hpp"

namespace console {

namespace {

[[noreturn]] void fail(const char *what, int error) {
    if (error == ENODEV)
        throw Failure(ExitCode::NotRunning, "the VMM has left this machine", "/etc/init.d/vmnix start loads it again");
    if (error == ENOTTY)
        throw Failure(ExitCode::Failure, fmt::format("the module does not know the request for {}", what),
                      "vmnix and vmkmod are of different versions: install both from one build");
    throw Failure(ExitCode::Failure, fmt::format("cannot read {} from {}: {}", what, VMNIX_DEVICE, strerror(error)),
                  "see what the kernel says: dmesg | grep vmnix");
}

int request(const UniqueFd &file, unsigned long number, void *argument) {
    int result;
    do
        result = ::ioctl(file.get(), number, argument);
    while (result < 0 && errno == EINTR);
    return result;
}

} // namespace

vmnix_info FileDevice::info() {
    vmnix_info info{};
    info.size = sizeof info;
    if (request(file_, VMNIX_IOC_INFO, &info) < 0)
        fail("the VMM's state", errno);
    if (info.size < offsetof(vmnix_info, features)) // what the first version told; less is no VMM that we know
        throw Failure(ExitCode::Failure, "the VMM told nothing about itself",
                      "vmnix, vmkmod and the VMM are of different versions: install all from one build");
    return info;
}

vmnix_launch_record FileDevice::launch() {
    vmnix_launch_record record{};
    record.size = sizeof record;
    if (request(file_, VMNIX_IOC_LAUNCH, &record) < 0)
        fail("the record of the launch", errno);
    return record;
}

std::optional<vmnix_cpu_stats> FileDevice::stats(std::uint32_t vcpu) {
    vmnix_stats_query query{};
    query.vcpu = vcpu;
    query.stats.size = sizeof query.stats;
    if (request(file_, VMNIX_IOC_STATS, &query) >= 0)
        return query.stats;
    if (errno != EINVAL)
        fail("the counters of a vCPU", errno);
    return std::nullopt;
}

std::string FileDevice::read_log() {
    std::string text(4096, '\0');
    for (;;) {
        const ssize_t got = ::read(file_.get(), text.data(), text.size());
        if (got >= 0) {
            text.resize(static_cast<std::size_t>(got));
            return text;
        }
        if (errno == EAGAIN)
            return {};
        if (errno != EINTR)
            fail("the log", errno);
    }
}

VmmDevice::Wait FileDevice::wait_for_log(int timeout_ms) {
    pollfd event{file_.get(), POLLIN, 0};
    const int ready = ::poll(&event, 1, timeout_ms);
    if (ready < 0 && errno != EINTR)
        fail("the log", errno);
    if (ready <= 0)
        return Wait::Timeout;
    return event.revents & POLLIN ? Wait::Readable : Wait::Gone;
}

} // namespace console
