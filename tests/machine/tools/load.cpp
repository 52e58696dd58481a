// SPDX-License-Identifier: GPL-2.0-only
// Work for the machine, and the question whether its timers still come.
#include "tests/machine/tools/probe.hpp"

#include <algorithm>
#include <ctime>
#include <fcntl.h>
#include <linux/rtc.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace probe {
namespace {

double now(clockid_t clock = CLOCK_MONOTONIC) {
    timespec time{};
    clock_gettime(clock, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

// Runs `child` in a process of its own on every online CPU; all must end well.
template <class Child> int on_each_cpu(Child child) {
    for (unsigned cpu : online_cpus())
        if (fork() == 0)
            _exit(run_on(cpu) ? child(cpu) : kLacking);
    int result = kAsExpected, status = 0;
    while (wait(&status) > 0)
        result = std::max(result, WIFEXITED(status) ? WEXITSTATUS(status) : kNotAsExpected);
    return result;
}

// Short sleeps on each CPU for SECONDS. A lost timer interrupt shows as a sleep that lasts far too long or for ever.
int timers(Arguments arguments) {
    const double seconds = static_cast<double>(number(arguments, 0, 2));
    const double longest_allowed = static_cast<double>(number(arguments, 1, 10000)) / 1000;
    return on_each_cpu([=](unsigned cpu) {
        const double end = now() + seconds;
        double longest = 0;
        unsigned sleeps = 0;
        for (double before = now(); before < end; before = now(), ++sleeps) {
            const timespec nap{0, 5'000'000};
            nanosleep(&nap, nullptr);
            longest = std::max(longest, now() - before);
        }
        std::printf("cpu%u %u sleeps of 5 ms, longest %.0f ms\n", cpu, sleeps, longest * 1000);
        return longest <= longest_allowed ? kAsExpected : kNotAsExpected;
    });
}

// forks N: each child writes to memory of its own and ends; on each CPU.
int forks(Arguments arguments) {
    const std::uint64_t count = number(arguments, 0, 100);
    return on_each_cpu([=](unsigned) {
        for (std::uint64_t i = 0; i < count; ++i) {
            const pid_t child = fork();
            if (child == 0) {
                char scratch[16384];
                for (std::size_t at = 0; at < sizeof scratch; at += 512)
                    const_cast<volatile char *>(scratch)[at] = static_cast<char>(i);
                _exit(7);
            }
            int status = 0;
            if (waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 7)
                return kNotAsExpected;
        }
        return kAsExpected;
    });
}

// Memory that is given out holds what was written: a hand-over that loses a page or a TLB entry shows here.
int memory(Arguments arguments) {
    const std::size_t words = number(arguments, 0, 16) << 17; // MiB of 8-byte words
    auto *area = static_cast<std::uint64_t *>(
        mmap(nullptr, words * 8, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    if (area == MAP_FAILED)
        return kLacking;
    for (unsigned round = 0; round < 2; ++round) {
        for (std::size_t i = 0; i < words; ++i)
            area[i] = i * 0x9e3779b97f4a7c15 + round;
        for (std::size_t i = 0; i < words; ++i)
            if (area[i] != i * 0x9e3779b97f4a7c15 + round)
                return kNotAsExpected;
    }
    return kAsExpected;
}

// busy SECONDS: all CPUs with forks and sleeps until then; for the background.
int busy(Arguments arguments) {
    const double end = now() + static_cast<double>(number(arguments, 0, 10));
    return on_each_cpu([=](unsigned) {
        while (now() < end) {
            const pid_t child = fork();
            if (child == 0)
                _exit(0);
            waitpid(child, nullptr, 0);
            const timespec nap{0, 500'000};
            nanosleep(&nap, nullptr);
        }
        return kAsExpected;
    });
}

// spin CPU SECONDS: nothing else.
int spin(Arguments arguments) {
    if (!run_on(static_cast<unsigned>(number(arguments, 0, 0))))
        return kLacking;
    for (const double end = now() + static_cast<double>(number(arguments, 1, 10)); now() < end;) {
    }
    return kAsExpected;
}

// clocks: the clock that CPUs keep, then the machine's battery clock, which no CPU has a part in.
int clocks(Arguments) {
    File device("/dev/rtc0", O_RDONLY);
    rtc_time time{};
    if (!device || ioctl(device, RTC_RD_TIME, &time) != 0)
        return kLacking;
    std::printf("%.3f %d\n", now(), (time.tm_hour * 60 + time.tm_min) * 60 + time.tm_sec);
    return kAsExpected;
}

constexpr Command kCommands[] = {
    {"timers", "[SECONDS [LONGEST_MS]]: short sleeps on each CPU end in time", timers},
    {"forks", "[N]: on each CPU", forks},
    {"memory", "[MIB]: holds what was written", memory},
    {"busy", "[SECONDS]: work on every CPU", busy},
    {"spin", "CPU [SECONDS]: keeps it busy", spin},
    {"clocks", "monotonic seconds, battery clock's seconds of the day", clocks},
};

} // namespace

std::span<const Command> load_commands() {
    return kCommands;
}

} // namespace probe
