// SPDX-License-Identifier: GPL-2.0-only
// /dev/vmnix as its programs see it.
#include "tests/machine/tools/probe.hpp"
#include "vmnix/abi/ioctl/ioctl.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace probe {
namespace {

int failed(const char *what) {
    std::printf("%s: %s\n", what, std::strerror(errno));
    return kLacking;
}

int info(Arguments) {
    File device(VMNIX_DEVICE, O_RDWR);
    vmnix_info info{};
    info.size = sizeof info;
    if (!device || ioctl(device, VMNIX_IOC_INFO, &info) != 0)
        return failed("info");
    std::printf("{\"version\":\"%.24s\",\"cpus\":%u,\"arena_base\":%lu,\"arena_size\":%lu,\"arena_used\":%lu,"
                "\"tsc_khz\":%lu,\"features\":%lu,\"backend\":%u,\"paging_levels\":%u,\"x2apic\":%u,"
                "\"log_head\":%lu,\"log_size\":%lu}\n",
                info.version, info.cpu_count, info.arena_base, info.arena_size, info.arena_used, info.tsc_khz,
                info.features, info.backend, info.paging_levels, info.x2apic, info.log_head, info.log_size);
    return kAsExpected;
}

int launch(Arguments) {
    File device(VMNIX_DEVICE, O_RDWR);
    vmnix_launch_record record{};
    record.size = sizeof record;
    if (!device || ioctl(device, VMNIX_IOC_LAUNCH, &record) != 0)
        return failed("launch");
    std::printf("{\"cpus\":%u,\"stopped_tsc\":%lu,\"init_tsc\":%lu,\"reserve_tries\":%lu}\n", record.cpus,
                record.stopped_tsc, record.init_tsc, record.reserve_tries);
    return kAsExpected;
}

// One line of JSON for each CPU.
int stats(Arguments) {
    File device(VMNIX_DEVICE, O_RDWR);
    if (!device)
        return failed("stats");
    for (unsigned cpu : online_cpus()) {
        vmnix_stats_query query{};
        query.vcpu = cpu;
        query.stats.size = sizeof query.stats;
        if (ioctl(device, VMNIX_IOC_STATS, &query) != 0)
            return failed("stats");
        const vmnix_cpu_stats &of = query.stats;
        std::printf("{\"apic_id\":%u,\"state\":%u,\"tsc\":%lu,\"interrupts\":%lu,\"nmis\":%lu,\"ipis\":%lu,"
                    "\"timer\":%lu,\"vmm_tsc\":%lu,\"exits\":[",
                    of.apic_id, of.state, of.tsc, of.injected_interrupts, of.injected_nmis, of.ipis_sent,
                    of.timer_fired, of.vmm_tsc);
        for (unsigned i = 0; i < VMNIX_EXIT_KINDS; ++i)
            std::printf("%s%lu", i ? "," : "", of.exits[i]);
        std::printf("]}\n");
    }
    return kAsExpected;
}

// hypercall RAX [RDI RSI RDX]: through the module's test door.
int hypercall(Arguments arguments) {
    File device(VMNIX_DEVICE, O_RDWR);
    vmnix_raw_hypercall call{number(arguments, 0, 0), number(arguments, 1, 0), number(arguments, 2, 0),
                             number(arguments, 3, 0)};
    if (!device || ioctl(device, VMNIX_IOC_HYPERCALL, &call) != 0)
        return failed("hypercall");
    std::printf("{\"rax\":%ld,\"rdi\":%lu,\"rsi\":%lu}\n", static_cast<std::int64_t>(call.rax), call.rdi, call.rsi);
    return kAsExpected;
}

// hold SECONDS: keeps the device open.
int hold(Arguments arguments) {
    File device(VMNIX_DEVICE, O_RDWR);
    if (!device)
        return failed("hold");
    std::printf("held\n");
    sleep(static_cast<unsigned>(number(arguments, 0, 60)));
    return kAsExpected;
}

constexpr Command kCommands[] = {
    {"info", "what the VMM tells of itself", info},
    {"launch", "what the launch cost", launch},
    {"stats", "exits and interrupts of each CPU", stats},
    {"hypercall", "RAX [RDI RSI RDX], module loaded with test=1", hypercall},
    {"hold", "[SECONDS]: keeps the device open", hold},
};

} // namespace

std::span<const Command> device_commands() {
    return kCommands;
}

} // namespace probe
