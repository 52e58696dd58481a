// SPDX-License-Identifier: GPL-2.0-only
// Operations between marks that the emulator's plugin sees. Each command prints what one operation takes as its program
// sees it: instructions, where the TSC counts those.
#include "tests/machine/kmod/poke.h"
#include "tests/machine/tools/probe.hpp"
#include "tests/plugin/sections.h"

#include <algorithm>
#include <cpuid.h>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <sys/io.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <x86intrin.h>

namespace probe {
namespace {

constexpr unsigned kRounds = 2000;
constexpr std::uint64_t kBetweenIpis = 1'000'000, kSending = 20'000; // ticks

double now() {
    timespec time{};
    clock_gettime(CLOCK_MONOTONIC, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

// The median over many rounds: the odd one contains a timer interrupt.
template <class Operation> std::uint64_t median_cost(Operation operation) {
    static std::uint64_t costs[kRounds];
    for (std::uint64_t &cost : costs) {
        const std::uint64_t before = __rdtsc();
        operation();
        cost = __rdtsc() - before;
    }
    std::nth_element(costs, costs + kRounds / 2, costs + kRounds);
    return costs[kRounds / 2];
}

void print(std::uint64_t cost) {
    MARK_SECTION(SECTION_NONE);
    std::printf("%lu\n", cost);
}

int cpuid_hot(Arguments) {
    const std::uint64_t nothing = median_cost([] { asm volatile("xor %%eax, %%eax" : : : "eax"); });
    MARK_SECTION(SECTION_CPUID_HOT);
    const std::uint64_t with = median_cost([] {
        asm volatile("xor %%eax, %%eax\n\tcpuid" : : : "eax", "ebx", "ecx", "edx");
    });
    print(with - nothing);
    return kAsExpected;
}

// Each at an address that never ran before.
int cpuid_cold(Arguments) {
    constexpr std::size_t kCopies = 4096;
    auto *code = static_cast<unsigned char *>(mmap(nullptr, 2 * kCopies + 1, PROT_READ | PROT_WRITE | PROT_EXEC,
                                                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0));
    if (code == MAP_FAILED)
        return kLacking;
    for (std::size_t i = 0; i < kCopies; ++i)
        code[2 * i] = 0x0f, code[2 * i + 1] = 0xa2;
    code[2 * kCopies] = 0xc3;
    MARK_SECTION(SECTION_CPUID_COLD);
    const std::uint64_t before = __rdtsc();
    asm volatile("call *%0" : : "r"(code) : "rax", "rbx", "rcx", "rdx", "memory");
    print((__rdtsc() - before) / kCopies);
    return kAsExpected;
}

int port(Arguments) {
    constexpr unsigned short kKeyboardStatus = 0x64; // watched, because writes to it may reset the machine
    if (iopl(3) != 0)
        return kLacking;
    const std::uint64_t nothing = median_cost([] {});
    MARK_SECTION(SECTION_PORT);
    const std::uint64_t with = median_cost([] { inb(kKeyboardStatus); });
    print(with - nothing);
    return kAsExpected;
}

// kernel-cost SECTION: through the test module.
int kernel_cost(Arguments arguments) {
    poke request{.what = POKE_COST, .address = number(arguments, 0, 0)};
    File device(POKE_DEVICE, O_RDWR);
    if (!device || ioctl(device, POKE_IOC, &request) != 0)
        return kLacking;
    std::printf("%llu\n", request.value);
    return kAsExpected;
}

// The mark is part of the instruction, hence the switch.
bool mark(std::uint64_t section) {
    switch (section) {
    case SECTION_IDLE_BEFORE:
        MARK_SECTION(SECTION_IDLE_BEFORE);
        return true;
    case SECTION_IDLE_AFTER:
        MARK_SECTION(SECTION_IDLE_AFTER);
        return true;
    case SECTION_LOAD_BEFORE:
        MARK_SECTION(SECTION_LOAD_BEFORE);
        return true;
    case SECTION_LOAD_AFTER:
        MARK_SECTION(SECTION_LOAD_AFTER);
        return true;
    case SECTION_VM_BOOT:
        MARK_SECTION(SECTION_VM_BOOT);
        return true;
    case SECTION_PLAIN_BOOT:
        MARK_SECTION(SECTION_PLAIN_BOOT);
        return true;
    case SECTION_RESTART:
        MARK_SECTION(SECTION_RESTART);
        return true;
    case SECTION_NONE:
        MARK_SECTION(SECTION_NONE);
        return true;
    default:
        return false;
    }
}

// section NUMBER COMMAND...: prints the TSC ticks that it took.
int section(Arguments arguments) {
    if (arguments.size() < 2)
        return kWrongCall;
    std::vector<char *> command(arguments.begin() + 1, arguments.end());
    command.push_back(nullptr);
    if (!mark(number(arguments, 0, 0)))
        return kWrongCall;
    const std::uint64_t before = __rdtsc();
    const pid_t child = fork();
    if (child == 0) {
        execvp(command[0], command.data());
        _exit(127);
    }
    int status = 0;
    waitpid(child, &status, 0);
    print(__rdtsc() - before);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? kAsExpected : kNotAsExpected;
}

// mark NUMBER: a section that another process ends, or another kernel. 0 ends it.
int mark_alone(Arguments arguments) {
    return mark(number(arguments, 0, 0)) ? kAsExpected : kWrongCall;
}

// ipis FROM TO SECONDS: from one CPU, which does nothing else, to another: how many, ticks until the handler ran at the
// median, for 99 of 100, at most. Not counted is what took the sender's own turn to end before it had sent.
int ipis(Arguments arguments) {
    File device(POKE_DEVICE, O_RDWR);
    const double seconds = static_cast<double>(number(arguments, 2, 1));
    if (!device || !run_on(static_cast<unsigned>(number(arguments, 0, 0))))
        return kLacking;
    std::vector<std::uint64_t> ticks;
    const auto busy = [](std::uint64_t span) {
        for (const std::uint64_t begin = __rdtsc(); __rdtsc() - begin < span;) {
        }
    };
    for (const double end = now() + seconds; now() < end; busy(kBetweenIpis)) {
        poke request{.what = POKE_IPI, .address = number(arguments, 1, 1)};
        if (ioctl(device, POKE_IOC, &request) != 0)
            return kLacking;
        if (request.pattern < kSending)
            ticks.push_back(request.value);
    }
    std::sort(ticks.begin(), ticks.end());
    std::printf("%zu %lu %lu %lu\n", ticks.size(), ticks[ticks.size() / 2], ticks[ticks.size() * 99 / 100],
                ticks.back());
    return kAsExpected;
}

constexpr Command kCommands[] = {
    {"cost-cpuid-hot", "again and again from one address", cpuid_hot},
    {"cost-cpuid-cold", "once from each address", cpuid_cold},
    {"cost-port", "a watched port", port},
    {"cost-kernel", "SECTION: through the test module", kernel_cost},
    {"ipis", "FROM TO SECONDS: how many, ticks at the median, for 99 of 100, most", ipis},
    {"mark", "NUMBER: begins a section, 0 ends it", mark_alone},
    {"section", "NUMBER COMMAND...: TSC ticks that it takes", section},
};

} // namespace

std::span<const Command> cost_commands() {
    return kCommands;
}

} // namespace probe
