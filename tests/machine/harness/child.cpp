// SPDX-License-Identifier: GPL-2.0-only
#include "tests/machine/harness/child.hpp"

#include <csignal>
#include <fcntl.h>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace harness {

namespace {

// After fork() in a program with threads: nothing here may allocate or lock.
[[noreturn]] void become(char *const *words, int output, pid_t parent) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (getppid() == parent && dup2(nothing, STDIN_FILENO) >= 0 && dup2(output, STDOUT_FILENO) >= 0 &&
        dup2(output, STDERR_FILENO) >= 0)
        execv(words[0], words);
    _exit(127);
}

} // namespace

Child::Child(const std::vector<std::string> &command, const std::filesystem::path &output) {
    std::vector<char *> words;
    words.reserve(command.size() + 1);
    for (const std::string &word : command)
        words.push_back(const_cast<char *>(word.c_str())); // execv() does not write to them
    words.push_back(nullptr);
    const int file = open(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    const pid_t parent = getpid();
    process_ = file < 0 ? -1 : fork();
    if (process_ == 0)
        become(words.data(), file, parent);
    if (file >= 0)
        close(file);
    if (process_ < 0)
        throw std::runtime_error("cannot start " + command[0]);
}

Child::~Child() {
    if (!alive())
        return;
    kill(process_, SIGKILL);
    waitpid(process_, nullptr, 0);
}

bool Child::alive() const {
    std::lock_guard guard(mutex_);
    ended_ = ended_ || waitpid(process_, nullptr, WNOHANG) != 0;
    return !ended_;
}

} // namespace harness
