// SPDX-License-Identifier: GPL-2.0-only
// What tests of VMs need of the console and the command does not offer.
#include "tests/machine/tools/probe.hpp"
#include "vmnix/abi/ioctl/ioctl.h"

#include <cerrno>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <string>
#include <unistd.h>

namespace probe {
namespace {

constexpr timespec kNap{0, 30'000'000};

void append_what_is_new(int file, std::string &text) {
    char piece[4096];
    for (ssize_t got = 0; (got = read(file, piece, sizeof piece)) > 0;)
        text.append(piece, static_cast<std::size_t>(got));
}

// await FILE BEGIN END SECONDS: what the file, which grows, has between the two texts. Without BEGIN from its start.
int await_text(Arguments arguments) {
    if (arguments.size() != 4)
        return kWrongCall;
    File file(arguments[0], O_RDONLY);
    const std::string_view begin = arguments[1], end = arguments[2];
    const time_t late = time(nullptr) + static_cast<time_t>(number(arguments, 3, 60));
    std::string text;
    std::size_t from = std::string::npos, to = std::string::npos;
    for (;;) {
        append_what_is_new(file, text);
        from = text.find(begin);
        to = from == text.npos ? from : text.find(end, from + begin.size());
        if (to != text.npos || time(nullptr) > late)
            break;
        nanosleep(&kNap, nullptr);
    }
    from = from == text.npos ? 0 : from + begin.size();
    // Who reads this machine's serial line takes these words for its own end.
    for (std::size_t at = 0; (at = text.find("Kernel panic", at)) != text.npos;)
        text[at] = 'k';
    std::fwrite(text.data() + from, 1, std::min(to, text.size()) - from, stdout);
    return to == text.npos ? kNotAsExpected : kAsExpected;
}

// Where the memory is that is not the console's. Exact at any time, so the parts must sum up.
int vm_memory(Arguments) {
    File device(VMNIX_DEVICE, O_RDWR);
    vmnix_memory_info info{};
    info.size = sizeof info;
    if (!device || ioctl(device, VMNIX_IOC_MEMORY, &info) != 0) {
        std::printf("memory: %s\n", std::strerror(errno));
        return kLacking;
    }
    std::printf("{\"vms\":%u,\"given\":%lu,\"frames\":%lu,\"frames_used\":%lu,\"ram\":%lu,\"free\":%lu,"
                "\"dirty\":%lu,\"package\":%lu}\n",
                info.vms, info.given, info.frames, info.frames_used, info.ram, info.free, info.dirty, info.package);
    return kAsExpected;
}

constexpr Command kCommands[] = {
    {"await", "FILE BEGIN END SECONDS: waits until the file has both, prints what is between", await_text},
    {"vm-memory", "what the VMM was given for VMs, and where it is", vm_memory},
};

} // namespace

std::span<const Command> vm_commands() {
    return kCommands;
}

} // namespace probe
