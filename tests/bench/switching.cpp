// SPDX-License-Identifier: GPL-2.0-only
#include "tests/bench/counting_console.hpp"
#include "tests/bench/groups.hpp"

#include "tests/machine/harness/paths.hpp"
#include "vmnix/abi/handover/image.h"

#include <cmath>
#include <cstring>
#include <fmt/format.h>
#include <fstream>
#include <iterator>

namespace bench {
namespace {

struct Switch {
    double launch, leave, arena_used;
};

// The module tells the stop of the launch in ticks; that of the leave in its last line, in microseconds of 1,000 ticks.
double leave_stop(suites::Console &console) {
    console.leave();
    const std::string log = console.kernel_log();
    const std::string words = "stopped for ";
    const std::size_t at = log.rfind(words);
    if (at == std::string::npos)
        throw std::runtime_error("the module does not tell how long CPUs were stopped:\n" + log);
    return 1000 * std::stod(log.substr(at + words.size()));
}

Switch measure_at(unsigned gib) {
    CountingConsole console({.cpus = 2, .memory_mib = gib * 1024}, false);
    console.launch();
    Switch result{};
    result.launch = console.launch_record()["stopped_tsc"].get<double>();
    result.arena_used = console.info()["arena_used"].get<double>();
    result.leave = leave_stop(console);
    return result;
}

} // namespace

std::vector<Row> measure_switch() {
    Row small{.id = "launch.1gib",
              .what = "CPUs stopped, launch, 2 CPUs, 1 GiB",
              .target = 60000,
              .quoted = "Jailhouse 1.37 M to 22.8 M"};
    Row large = small;
    large.id = "launch.6gib";
    large.what = "CPUs stopped, launch, 2 CPUs, 6 GiB";
    Row equal{.id = "launch.growth", .what = "launch at 6 GiB / at 1 GiB (ratio)", .target = 1.05, .decimals = 3};
    Row leave{.id = "leave",
              .what = "CPUs stopped, leave",
              .target = 28000,
              .quoted = "Jailhouse 28 k",
              .note = "in steps of 1,000"};
    Row touched{
        .id = "memory", .what = "memory handed out, 2 CPUs (bytes)", .target = 3 << 20, .quoted = "Jailhouse 3.1 MB"};
    try {
        const Switch at1 = measure_at(1), at6 = measure_at(6);
        small.value = at1.launch;
        large.value = at6.launch;
        equal.value = std::max(at6.launch / at1.launch, at1.launch / at6.launch);
        leave.value = std::max(at1.leave, at6.leave);
        touched.value = std::max(at1.arena_used, at6.arena_used);
    } catch (const std::exception &error) {
        for (Row *row : {&small, &large, &equal, &leave, &touched})
            row->note = error.what();
    }
    return {small, large, equal, leave, touched};
}

std::vector<Row> measure_image() {
    Row row{.id = "image",
            .what = "loaded bytes of the image, with .bss",
            .target = 256 << 10,
            .quoted = "Jailhouse 88 KB file"};
    std::ifstream in(harness::paths::build() / "vmkernel", std::ios::binary);
    const std::string file(std::istreambuf_iterator<char>(in), {});
    const std::uint64_t magic = VMNIX_IMAGE_MAGIC;
    for (std::size_t at = 0; at + sizeof(vmnix_image_header) <= file.size(); at += 8) {
        vmnix_image_header header;
        std::memcpy(&header, file.data() + at, sizeof header);
        if (header.magic == magic) {
            row.value = static_cast<double>(header.loaded_size);
            break;
        }
    }
    return {row};
}

} // namespace bench
