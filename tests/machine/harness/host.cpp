// SPDX-License-Identifier: GPL-2.0-only
#include "tests/machine/harness/host.hpp"

#include "tests/machine/harness/paths.hpp"

#include <chrono>
#include <csignal>
#include <fmt/format.h>
#include <fstream>
#include <functional>
#include <iterator>
#include <libvirt/virterror.h>
#include <mutex>
#include <unistd.h>

namespace harness {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

constexpr unsigned kFolders = 16; // programs of one build that may run at the same time

std::string last_libvirt_message() {
    const virError *error = virGetLastError();
    return error && error->message ? error->message : "no reason given";
}

std::string contents(const fs::path &file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

} // namespace

LibvirtError::LibvirtError(const std::string &what) : std::runtime_error(what + ": " + last_libvirt_message()) {}

Host &Host::instance() {
    static Host host;
    return host;
}

fs::path Host::shared_folder() {
    const std::size_t key = std::hash<std::string>{}(paths::build());
    const char *temporary = std::getenv("TMPDIR");
    fs::path folder = fs::path(temporary && *temporary ? temporary : "/tmp") /
                      fmt::format("vmnix-{}-{:08x}", getuid(), key & 0xffffffff);
    fs::create_directories(folder);
    fs::permissions(folder, fs::perms::owner_all);
    return folder;
}

Host::Host() {
    choose_folder();
    reap(folder_);
    write_configuration();
    borrow_capabilities();
    setenv("LIBVIRT_LOG_OUTPUTS", fmt::format("3:file:{}", (folder_ / "libvirt.log").string()).c_str(), 0);
    virSetErrorFunc(nullptr, [](void *, virErrorPtr) {}); // errors travel as exceptions
    if (virEventRegisterDefaultImpl() < 0)
        throw LibvirtError("event loop");
    connection_ = virConnectOpen(fmt::format("qemu:///embed?root={}", folder_.string()).c_str());
    if (!connection_)
        throw LibvirtError("libvirt does not start in " + folder_.string());
    // The timeout wakes the loop so that it notices stop_ and descriptors that other threads added.
    static const virEventTimeoutCallback nothing = [](int, void *) {};
    virEventAddTimeout(200, nothing, nullptr, nullptr);
    events_ = std::thread([this] {
        while (!stop_)
            virEventRunDefaultImpl();
    });
}

Host::~Host() {
    virConnectClose(connection_);
    stop_ = true;
    events_.join();
}

void Host::choose_folder() {
    for (unsigned i = 0; i < kFolders; ++i) {
        const fs::path folder = shared_folder() / std::to_string(i);
        if (folder_lock_.try_take(folder.string() + ".lock")) {
            folder_ = folder;
            fs::create_directories(folder_ / "etc");
            return;
        }
    }
    throw std::runtime_error("too many test programs of this build run already");
}

void Host::reap_all() {
    for (unsigned i = 0; i < kFolders; ++i) {
        const fs::path folder = shared_folder() / std::to_string(i);
        FileLock lock;
        if (fs::exists(folder) && lock.try_take(folder.string() + ".lock"))
            reap(folder);
    }
}

void Host::reap(const fs::path &folder) {
    const fs::path run = folder / "run/qemu";
    if (!fs::exists(run))
        return;
    for (const auto &entry : fs::directory_iterator(run)) {
        if (entry.path().extension() != ".pid")
            continue;
        const pid_t pid = std::atoi(contents(entry.path()).c_str());
        const fs::path process = fs::path("/proc") / std::to_string(pid);
        // The number may have been given to another program since: only one that names our folder is ours.
        if (pid <= 1 || contents(process / "cmdline").find(folder.string() + "/") == std::string::npos)
            continue;
        kill(pid, SIGKILL);
        for (int i = 0; i < 100 && fs::exists(process); ++i)
            std::this_thread::sleep_for(50ms);
    }
    fs::remove_all(run);
}

void Host::write_configuration() const {
    std::ofstream(folder_ / "etc/qemu.conf") << fmt::format(
        "user = \"+{}\"\ngroup = \"+{}\"\nsecurity_driver = \"none\"\nstdio_handler = \"file\"\nnamespaces = []\n"
        "cgroup_controllers = []\ndynamic_ownership = 0\nremember_owner = 0\n",
        getuid(), getgid());
}

// Asking the emulator what it can do takes seconds, under load a minute. Another program of this build may know
// already.
void Host::borrow_capabilities() const {
    const fs::path own = folder_ / "cache/qemu/capabilities";
    if (fs::exists(own))
        return;
    for (const auto &entry : fs::directory_iterator(shared_folder())) {
        const fs::path other = entry.path() / "cache/qemu/capabilities";
        if (entry.path() == folder_ || !fs::exists(other))
            continue;
        fs::create_directories(own);
        fs::copy(other, own, fs::copy_options::recursive | fs::copy_options::overwrite_existing);
        return;
    }
}

std::string Host::unique(const std::string &stem) {
    return fmt::format("{}{}", stem, ++names_);
}

} // namespace harness
