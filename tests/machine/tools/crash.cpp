// SPDX-License-Identifier: GPL-2.0-only
// The end of this kernel, by every road. What is about to happen is the last line in the kernel's log.
#include "tests/machine/kmod/poke.h"
#include "tests/machine/tools/probe.hpp"

#include <cstring>
#include <fcntl.h>
#include <sys/reboot.h>
#include <unistd.h>

namespace probe {
namespace {

void note(const char *kind, unsigned long long seed) {
    char line[80];
    const int size = std::snprintf(line, sizeof line, "<0>vmnix-probe: crash %s %llu.\n", kind, seed);
    File log("/dev/kmsg", O_WRONLY);
    if (write(log, line, static_cast<std::size_t>(size)) != size)
        std::perror("/dev/kmsg");
    usleep(50000); // it is on its way
}

int put(const char *file, const char *text) {
    File out(file, O_WRONLY);
    return out && write(out, text, std::strlen(text)) > 0 ? kAsExpected : kLacking;
}

bool write_port(int port, unsigned char value) {
    File ports("/dev/port", O_RDWR);
    return ports && pwrite(ports, &value, 1, port) == 1;
}

// The physical range of Linux that /proc/iomem has under this name.
bool find_range(const char *name, poke &request) {
    std::FILE *file = std::fopen("/proc/iomem", "r");
    if (!file)
        return false;
    char line[200];
    unsigned long long begin = 0, end = 0;
    bool found = false;
    while (!found && std::fgets(line, sizeof line, file))
        found = std::strstr(line, name) && std::sscanf(line, " %llx-%llx", &begin, &end) == 2;
    std::fclose(file);
    request.pattern = begin;
    request.ones = end + 1 - begin;
    return found && begin != 0;
}

int by_module(const char *kind, std::uint64_t seed) {
    static constexpr const char *kNames[POKE_CRASHES] = {"null",         "stack", "loop-one",  "loop-all",
                                                         "triple-fault", "",      "hypercalls"};
    poke request{.what = POKE_CRASH, .address = POKE_CRASHES, .value = seed};
    for (std::uint64_t i = 0; i < POKE_CRASHES; ++i)
        if (std::strcmp(kNames[i], kind) == 0)
            request.address = i;
    const char *range = std::strcmp(kind, "text") == 0   ? "Kernel code"
                        : std::strcmp(kind, "data") == 0 ? "Kernel data"
                                                         : nullptr;
    if (range) {
        request.address = POKE_CRASH_WRITES;
        request.width = 16u << seed % 10; // up to 8192
        if (!find_range(range, request))
            return kLacking;
    }
    File device(POKE_DEVICE, O_RDWR);
    return device && ioctl(device, POKE_IOC, &request) == 0 ? kAsExpected : kLacking;
}

int act(const char *kind, std::uint64_t seed) {
    const std::string_view name = kind;
    if (name == "sysrq")
        return put("/proc/sysrq-trigger", "c");
    if (name == "reboot")
        return reboot(RB_AUTOBOOT);
    if (name == "power-off")
        return reboot(RB_POWER_OFF);
    if (name == "port-64")
        return write_port(0x64, 0xfe) ? kAsExpected : kLacking;
    if (name == "port-92")
        return write_port(0x92, 1) ? kAsExpected : kLacking;
    if (name == "port-cf9")
        return write_port(0xcf9, 2) && write_port(0xcf9, 6) ? kAsExpected : kLacking;
    if (name == "null") // an oops in a thread ends the thread only, unless it is to end all
        put("/proc/sys/kernel/panic_on_oops", "1");
    return by_module(kind, seed);
}

// crash KIND [SEED]: does not return if all goes wrong as it should.
int crash(Arguments arguments) {
    if (arguments.empty())
        return kWrongCall;
    const std::uint64_t seed = number(arguments, 1, 1);
    note(arguments[0], seed);
    if (const int failed = act(arguments[0], seed))
        return failed;
    sleep(5);
    std::printf("still here\n");
    return kNotAsExpected;
}

// What is to happen to the next kernel lies in bytes of the clock's memory that nobody uses.
constexpr unsigned char kWish = 0x70, kDelay = 0x71;
constexpr unsigned char kAtBoot = 0xb1, kLater = 0xb2;

bool write_clock(unsigned char where, unsigned char value) {
    return write_port(0x70, where) && write_port(0x71, value);
}

unsigned char read_clock(unsigned char where) {
    unsigned char value = 0;
    File ports("/dev/port", O_RDWR);
    return write_port(0x70, where) && pread(ports, &value, 1, 0x71) == 1 ? value : 0;
}

// doom boot|later [MILLISECONDS]: what the next kernel's `doomed` does.
int doom(Arguments arguments) {
    if (arguments.empty())
        return kWrongCall;
    const bool boot = std::strcmp(arguments[0], "boot") == 0;
    const auto delay = static_cast<unsigned char>(number(arguments, 1, 0) / 10);
    return write_clock(kDelay, delay) && write_clock(kWish, boot ? kAtBoot : kLater) ? kAsExpected : kLacking;
}

// doomed: called when a kernel begins; dies if it was wished, once.
int doomed(Arguments) {
    const unsigned char wish = read_clock(kWish), delay = read_clock(kDelay);
    if (wish != kAtBoot && wish != kLater)
        return kAsExpected;
    if (!write_clock(kWish, 0))
        return kLacking;
    if (wish == kLater && fork() != 0)
        return kAsExpected;
    usleep(wish == kLater ? delay * 10000u : 0);
    note(wish == kLater ? "later" : "boot", 0);
    return put("/proc/sysrq-trigger", "c");
}

constexpr Command kCommands[] = {
    {"crash", "KIND [SEED]: this kernel ends", crash},
    {"doom", "boot|later [MILLISECONDS]: the next one ends when it calls `doomed`", doom},
    {"doomed", "dies if that was wished", doomed},
};

} // namespace

std::span<const Command> crash_commands() {
    return kCommands;
}

} // namespace probe
