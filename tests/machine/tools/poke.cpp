// SPDX-License-Identifier: GPL-2.0-only
// Commands that need the test module: insmod /usr/lib/vmnix/tests/vmnix_poke.ko first.
#include "tests/machine/kmod/poke.h"
#include "tests/machine/tools/probe.hpp"

#include <cstring>
#include <fcntl.h>

namespace probe {
namespace {

bool act(poke &request) {
    File device(POKE_DEVICE, O_RDWR);
    return device && ioctl(device, POKE_IOC, &request) == 0;
}

// read ADDRESS: by every kind of mapping that the kernel can make.
int read(Arguments arguments) {
    for (std::uint32_t view = 0; view < POKE_VIEWS; ++view) {
        poke request{.what = POKE_READ, .view = view, .address = number(arguments, 0, 0)};
        if (!act(request))
            return kLacking;
        std::printf(request.fault ? "fault\n" : "%#llx\n", request.value);
    }
    return kAsExpected;
}

// write ADDRESS VALUE: by every kind of mapping.
int write(Arguments arguments) {
    for (std::uint32_t view = 0; view < POKE_VIEWS; ++view) {
        poke request{
            .what = POKE_WRITE, .view = view, .address = number(arguments, 0, 0), .value = number(arguments, 1, 0)};
        if (!act(request))
            return kLacking;
        std::printf(request.fault ? "fault\n" : "written\n");
    }
    return kAsExpected;
}

// scan BASE SIZE PATTERN: how many pages are full of it, are all ones, fault.
int scan(Arguments arguments) {
    poke request{.what = POKE_SCAN,
                 .address = number(arguments, 0, 0),
                 .value = number(arguments, 1, 0),
                 .pattern = number(arguments, 2, 0)};
    if (!act(request))
        return kLacking;
    std::printf("%llu %llu %u\n", request.value, request.ones, request.fault);
    return kAsExpected;
}

// vmmcall CPU RAX RDI RSI RDX: at CPL 0, past the module's own driver.
int vmmcall(Arguments arguments) {
    poke request{.what = POKE_VMMCALL,
                 .rax = number(arguments, 1, 0),
                 .rdi = number(arguments, 2, 0),
                 .rsi = number(arguments, 3, 0),
                 .rdx = number(arguments, 4, 0)};
    if (!run_on(static_cast<unsigned>(number(arguments, 0, 0))) || !act(request))
        return kLacking;
    if (request.fault)
        std::printf("fault\n");
    else
        std::printf("%lld %llu %llu\n", static_cast<long long>(request.rax), request.rdi, request.rsi);
    return kAsExpected;
}

// instructions: those of the virtualisation extension are not the console's; each must fault.
int instructions(Arguments) {
    static constexpr const char *kNames[POKE_INSTRUCTIONS] = {"vmrun", "vmload",  "vmsave", "clgi",
                                                              "stgi",  "invlpga", "skinit", "vmcall"};
    int result = kAsExpected;
    for (std::uint64_t which = 0; which < POKE_INSTRUCTIONS; ++which) {
        poke request{.what = POKE_INSTRUCTION, .address = which};
        if (!act(request))
            return kLacking;
        std::printf("%s %s\n", kNames[which], request.fault ? "fault" : "ran");
        if (!request.fault)
            result = kNotAsExpected;
    }
    return result;
}

// kernel-msr r|w MSR [VALUE]
int kernel_msr(Arguments arguments) {
    const bool write = !arguments.empty() && arguments[0][0] == 'w';
    poke request{.what = static_cast<std::uint32_t>(write ? POKE_WRMSR : POKE_RDMSR),
                 .address = number(arguments, 1, 0),
                 .value = number(arguments, 2, 0)};
    if (!act(request))
        return kLacking;
    if (request.fault)
        std::printf("fault\n");
    else
        std::printf("%#llx\n", request.value);
    return kAsExpected;
}

// mmio r|w ADDRESS [VALUE [WIDTH]]: a device's register.
int mmio(Arguments arguments) {
    const bool write = !arguments.empty() && arguments[0][0] == 'w';
    poke request{.what = static_cast<std::uint32_t>(write ? POKE_DEVICE_WRITE : POKE_DEVICE_READ),
                 .address = number(arguments, 1, 0),
                 .value = number(arguments, 2, 0),
                 .width = static_cast<std::uint32_t>(number(arguments, 3, 4))};
    if (!act(request))
        return kLacking;
    std::printf("%#llx\n", request.value);
    return kAsExpected;
}

// control 0|4 BITS: toggles bits of a control register and puts them back.
int control(Arguments arguments) {
    poke request{.what = POKE_CR_WRITE, .address = number(arguments, 0, 0), .value = number(arguments, 1, 0)};
    if (!act(request))
        return kLacking;
    std::printf(request.fault ? "fault\n" : "written\n");
    return kAsExpected;
}

int fragment(Arguments) {
    poke request{.what = POKE_FRAGMENT};
    if (!act(request))
        return kLacking;
    std::printf("%llu blocks\n", request.value);
    return kAsExpected;
}

int defragment(Arguments) {
    poke request{.what = POKE_DEFRAGMENT};
    return act(request) ? kAsExpected : kLacking;
}

constexpr Command kCommands[] = {
    {"read", "ADDRESS: physical memory, by every kind of mapping", read},
    {"write", "ADDRESS VALUE: likewise", write},
    {"scan", "BASE SIZE PATTERN: pages that are full of it, are all ones, fault", scan},
    {"vmmcall", "CPU RAX [RDI RSI RDX]: at CPL 0", vmmcall},
    {"instructions", "of the virtualisation extension all fault", instructions},
    {"kernel-msr", "r|w MSR [VALUE]", kernel_msr},
    {"mmio", "r|w ADDRESS [VALUE [WIDTH]]", mmio},
    {"fragment", "memory: one page that cannot move in every block", fragment},
    {"defragment", "gives these pages back", defragment},
    {"control", "0|4 BITS: toggled and put back", control},
};

} // namespace

std::span<const Command> poke_commands() {
    return kCommands;
}

} // namespace probe
