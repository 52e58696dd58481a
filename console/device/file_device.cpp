// SPDX-License-Identifier: GPL-2.0-only
#include "console/device/file_device.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <fmt/format.h>
#include <poll.h>

#include "console/base/failure.hpp"

namespace console {

namespace {

constexpr std::uint32_t console_room = 64 * 1024;

[[noreturn]] void fail(const char *what, int error) {
    if (error == ENODEV)
        throw Failure(ExitCode::NotRunning, "the VMM has left this machine", "/etc/init.d/vmnix start loads it again");
    if (error == ENOTTY)
        throw Failure(ExitCode::Failure, fmt::format("the module does not know the request for {}", what),
                      "vmnix and vmkmod are of different versions: install both from one build");
    if (error == EOPNOTSUPP)
        throw Failure(ExitCode::Failure,
                      fmt::format("the VMM cannot give {}: it knows no restart of its console", what),
                      "its version is older than vmnix's: end the VMs, and stop and start vmnix");
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

void FileDevice::must(unsigned long number, void *argument, const char *what) {
    if (request(file_, number, argument) < 0)
        fail(what, errno);
}

VmAnswer FileDevice::ask(unsigned long number, void *argument, const char *what) {
    if (request(file_, number, argument) >= 0)
        return VmAnswer::Ok;
    switch (errno) {
    case ENOENT:
        return VmAnswer::NotFound;
    case EBUSY:
        return VmAnswer::WrongState;
    case EEXIST:
        return VmAnswer::Taken;
    case ENOMEM:
        return VmAnswer::NoMemory;
    case ENOSPC:
        return VmAnswer::LimitReached;
    case EINVAL:
    case E2BIG: // the module is older and does not know all of it
        return VmAnswer::Invalid;
    default:
        fail(what, errno);
    }
}

vmnix_memory_info FileDevice::memory() {
    vmnix_memory_info memory{};
    memory.size = sizeof memory;
    if (request(file_, VMNIX_IOC_MEMORY, &memory) < 0)
        fail("the account of memory", errno);
    return memory;
}

VmAnswer FileDevice::create_vm(vmnix_vm_create &creation) {
    return ask(VMNIX_IOC_VM_CREATE, &creation, "the answer to a new VM");
}

VmAnswer FileDevice::write_vm(std::uint32_t id, std::uint64_t to, std::span<const std::byte> bytes) {
    vmnix_vm_write write{id, 0, to, reinterpret_cast<std::uintptr_t>(bytes.data()), bytes.size()};
    return ask(VMNIX_IOC_VM_WRITE, &write, "the answer to a write to a VM's memory");
}

VmAnswer FileDevice::start_vm(std::uint32_t id, const vmnix_boot_state &state) {
    vmnix_vm_start start{id, 0, state};
    return ask(VMNIX_IOC_VM_START, &start, "the answer to a start");
}

VmAnswer FileDevice::order_vm(std::uint32_t id, vmnix_vm_order order) {
    vmnix_vm_control control{id, static_cast<std::uint32_t>(order)};
    return ask(VMNIX_IOC_VM_CONTROL, &control, "the answer to an order");
}

VmAnswer FileDevice::set_share(std::uint32_t id, const vmnix_vm_share &share) {
    vmnix_vm_set set{id, 0, share};
    return ask(VMNIX_IOC_VM_SET, &set, "the answer to a change of shares");
}

std::optional<vmnix_vm_info> FileDevice::query(unsigned long number, std::uint32_t id) {
    vmnix_vm_query query{};
    query.id = id;
    query.info.size = sizeof query.info;
    if (ask(number, &query, "a VM's state") != VmAnswer::Ok)
        return std::nullopt;
    return query.info;
}

std::optional<vmnix_vm_info> FileDevice::vm_info(std::uint32_t id) {
    return query(VMNIX_IOC_VM_INFO, id);
}

std::optional<vmnix_vm_info> FileDevice::next_vm(std::uint32_t id) {
    return query(VMNIX_IOC_VM_NEXT, id);
}

std::optional<std::string> FileDevice::vm_definition(std::uint32_t id) {
    std::string text(VMNIX_VM_DEFINITION, '\0');
    vmnix_vm_definition definition{id, VMNIX_VM_DEFINITION, reinterpret_cast<std::uintptr_t>(text.data())};
    if (ask(VMNIX_IOC_VM_DEFINITION, &definition, "a VM's definition") != VmAnswer::Ok)
        return std::nullopt;
    text.resize(std::min<std::size_t>(definition.bytes, text.size()));
    return text;
}

std::optional<vmnix_world_info> FileDevice::world(std::uint32_t id, std::uint32_t vcpu) {
    vmnix_world_query query{};
    query.id = id;
    query.vcpu = vcpu;
    query.info.size = sizeof query.info;
    if (ask(VMNIX_IOC_VM_WORLD, &query, "a vCPU's state") != VmAnswer::Ok)
        return std::nullopt;
    return query.info;
}

std::optional<ConsolePiece> FileDevice::read_console(std::uint32_t id, std::uint64_t position) {
    std::string bytes(console_room, '\0');
    vmnix_vm_console piece{id, console_room, position, reinterpret_cast<std::uintptr_t>(bytes.data())};
    if (ask(VMNIX_IOC_VM_CONSOLE_READ, &piece, "a VM's console") != VmAnswer::Ok)
        return std::nullopt;
    bytes.resize(std::min<std::size_t>(piece.bytes, bytes.size()));
    return ConsolePiece{piece.position, std::move(bytes)};
}

std::optional<std::size_t> FileDevice::write_console(std::uint32_t id, std::string_view bytes) {
    const std::size_t wish = std::min<std::size_t>(bytes.size(), console_room);
    vmnix_vm_console piece{id, static_cast<std::uint32_t>(wish), 0, reinterpret_cast<std::uintptr_t>(bytes.data())};
    const VmAnswer answer = ask(VMNIX_IOC_VM_CONSOLE_WRITE, &piece, "a VM's console");
    if (answer == VmAnswer::WrongState) // an ended VM takes nothing
        return 0;
    if (answer != VmAnswer::Ok)
        return std::nullopt;
    return std::min<std::size_t>(piece.bytes, wish);
}

bool FileDevice::wait_for_event(std::uint32_t &events, std::uint32_t timeout_ms) {
    vmnix_wait wait{events, timeout_ms};
    if (::ioctl(file_.get(), VMNIX_IOC_WAIT, &wait) < 0) {
        if (errno != ETIME && errno != EINTR)
            fail("events", errno);
        return false;
    }
    events = wait.events;
    return true;
}

} // namespace console
