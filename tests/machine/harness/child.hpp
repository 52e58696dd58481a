// SPDX-License-Identifier: GPL-2.0-only
// A program that this one runs, and that does not outlive it.
#pragma once

#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace harness {

class Child {
  public:
    // Both of the program's output streams go to `output`. The thread that starts it must live as long as it.
    Child(const std::vector<std::string> &command, const std::filesystem::path &output);
    ~Child(); // ends it
    Child(const Child &) = delete;
    bool alive() const; // from any thread

  private:
    pid_t process_;
    mutable std::mutex mutex_;
    mutable bool ended_ = false; // nobody has that number any more, or somebody else
};

} // namespace harness
