// SPDX-License-Identifier: GPL-2.0-only
#include "tests/machine/harness/locks.hpp"

#include "tests/machine/harness/host.hpp"

#include <chrono>
#include <fcntl.h>
#include <fmt/format.h>
#include <stdexcept>
#include <sys/file.h>
#include <thread>
#include <unistd.h>
#include <utility>

namespace harness {

FileLock::~FileLock() {
    if (descriptor_ >= 0)
        close(descriptor_);
}

FileLock::FileLock(FileLock &&other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

FileLock &FileLock::operator=(FileLock &&other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
}

bool FileLock::take(const std::filesystem::path &file, int operation) {
    int descriptor = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor < 0)
        throw std::runtime_error("cannot open " + file.string());
    if (flock(descriptor, operation) != 0) {
        close(descriptor);
        return false;
    }
    descriptor_ = descriptor;
    return true;
}

bool FileLock::try_take(const std::filesystem::path &file) {
    return take(file, LOCK_EX | LOCK_NB);
}

void FileLock::take(const std::filesystem::path &file) {
    while (!take(file, LOCK_EX)) {
    } // interrupted by a signal
}

Places::Places(unsigned machines) {
    const auto folder = Host::shared_folder();
    const auto place = [&](unsigned i) { return folder / fmt::format("place{}.lock", i); };
    if (machines >= 2) {
        for (unsigned i = 0; i < 2; ++i)
            held_.emplace_back().take(place(i));
        return;
    }
    held_.emplace_back();
    for (unsigned i = 0; !held_[0].try_take(place(i % 2)); ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
}

} // namespace harness
