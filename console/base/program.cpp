// SPDX-License-Identifier: GPL-2.0-only
#include "console/base/program.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "console/base/unique_fd.hpp"

namespace console {

namespace {

constexpr int not_found = 127;

pid_t start(const std::vector<std::string> &words, const posix_spawn_file_actions_t *files) {
    std::vector<char *> arguments;
    arguments.reserve(words.size() + 1);
    for (const std::string &word : words)
        arguments.push_back(const_cast<char *>(word.c_str())); // posix_spawn's signature is older than const
    arguments.push_back(nullptr);
    sigset_t mask; // who catches signals here does not want a shell's pipes to change
    ::pthread_sigmask(SIG_BLOCK, nullptr, &mask);
    sigdelset(&mask, SIGPIPE);
    posix_spawnattr_t attributes;
    ::posix_spawnattr_init(&attributes);
    ::posix_spawnattr_setsigmask(&attributes, &mask);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    pid_t child = 0;
    const int error = ::posix_spawnp(&child, arguments[0], files, &attributes, arguments.data(), ::environ);
    ::posix_spawnattr_destroy(&attributes);
    return error == 0 ? child : 0;
}

int code_of(pid_t child) {
    int status = 0;
    if (child == 0)
        return not_found;
    while (::waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return not_found;
    return WIFEXITED(status) ? WEXITSTATUS(status) : not_found;
}

std::string all_of(int fd) {
    std::string text;
    char chunk[4096];
    for (;;) {
        const ssize_t got = ::read(fd, chunk, sizeof chunk);
        if (got > 0)
            text.append(chunk, static_cast<std::size_t>(got));
        else if (got == 0 || errno != EINTR)
            return text;
    }
}

} // namespace

int run_program_here(const std::vector<std::string> &words) {
    return code_of(start(words, nullptr));
}

ProgramResult capture_program_here(const std::vector<std::string> &words) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
        return {not_found, std::strerror(errno)};
    const UniqueFd from(ends[0]);
    UniqueFd to(ends[1]);
    posix_spawn_file_actions_t files;
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawn_file_actions_adddup2(&files, to.get(), STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&files, to.get(), STDERR_FILENO);
    const pid_t child = start(words, &files);
    ::posix_spawn_file_actions_destroy(&files);
    to = UniqueFd(); // the child's is the last one: its end is the text's
    std::string text = all_of(from.get());
    return {code_of(child), std::move(text)};
}

} // namespace console
