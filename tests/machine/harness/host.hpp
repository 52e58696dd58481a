// SPDX-License-Identifier: GPL-2.0-only
// libvirt inside this program: no daemon, no system configuration, one private folder.
#pragma once

#include "tests/machine/harness/locks.hpp"

#include <atomic>
#include <filesystem>
#include <libvirt/libvirt.h>
#include <stdexcept>
#include <string>
#include <thread>

namespace harness {

// What libvirt said about its last failure in this thread.
struct LibvirtError : std::runtime_error {
    explicit LibvirtError(const std::string &what);
};

class Host {
  public:
    static Host &instance();
    // Folder of all test programs of this build; short, because sockets lie below it.
    static std::filesystem::path shared_folder();
    // Ends emulators that programs of this build, now gone, left running.
    static void reap_all();

    Host(const Host &) = delete;
    virConnectPtr connection() const { return connection_; }
    const std::filesystem::path &folder() const { return folder_; }
    // Name for a machine or a file that nobody else in this program uses.
    std::string unique(const std::string &stem);

  private:
    Host();
    ~Host();
    void choose_folder();
    static void reap(const std::filesystem::path &folder);
    void write_configuration() const;
    void borrow_capabilities() const;

    std::filesystem::path folder_;
    FileLock folder_lock_;
    virConnectPtr connection_ = nullptr;
    std::atomic<unsigned> names_ = 0;
    std::atomic<bool> stop_ = false;
    std::thread events_;
};

} // namespace harness
