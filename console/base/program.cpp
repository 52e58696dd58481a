// SPDX-License-Identifier: GPL-2.0-only
#include "console/base/program.hpp"

#include <cerrno>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace console {

int run_program_here(const std::vector<std::string> &words) {
    constexpr int not_found = 127;
    std::vector<char *> arguments;
    arguments.reserve(words.size() + 1);
    for (const std::string &word : words)
        arguments.push_back(const_cast<char *>(word.c_str())); // posix_spawn's signature is older than const
    arguments.push_back(nullptr);
    pid_t child = 0;
    if (::posix_spawnp(&child, arguments[0], nullptr, nullptr, arguments.data(), ::environ) != 0)
        return not_found;
    int status = 0;
    while (::waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return not_found;
    return WIFEXITED(status) ? WEXITSTATUS(status) : not_found;
}

} // namespace console
