// SPDX-License-Identifier: GPL-2.0-only
// How CPUs are shared, on machines whose time is instructions: entitlements, interrupts, and nothing that ticks. VMs
// that spin are the test kernel's.
#include "tests/bench/counting_console.hpp"
#include "tests/bench/groups.hpp"
#include "tests/unit/sched/water_filling.hpp"

#include <cmath>
#include <fmt/format.h>
#include <sstream>

namespace bench {
namespace {

using suites::Seconds;
using vmm::SchedParameters;

void start_spinning(suites::Console &console, const std::string &name, const std::string &share) {
    console.must(fmt::format("vmnix run --name {} --kernel /usr/lib/vmnix/tests/vmtest.elf --append cliloop --memory "
                             "16M {}",
                             name, share));
}

nlohmann::json info_of(suites::Console &console, const std::string &name) {
    return nlohmann::json::parse(console.must("vmnix info --json " + name));
}

std::string number_of(unsigned n) {
    return fmt::format("vm{}", n);
}

// What one of several VMs had of the CPUs while a command of the console's ran, all by the VMM's own account.
struct Had {
    std::vector<double> run; // seconds
    double all = 0;          // of one CPU: run, wanting and waiting
};
Had had_during(suites::Console &console, unsigned vms, const std::string &command) {
    const auto sample = [&] {
        std::vector<std::pair<double, double>> result;
        for (unsigned i = 0; i < vms; ++i) {
            const auto info = info_of(console, number_of(i));
            const double run = info["run_seconds"];
            result.emplace_back(run, run + info["ready_seconds"].get<double>() + info["wait_seconds"].get<double>());
        }
        return result;
    };
    const auto before = sample();
    console.must(command, Seconds(900));
    const auto after = sample();
    Had had;
    for (unsigned i = 0; i < vms; ++i) {
        had.run.push_back(after[i].first - before[i].first);
        had.all += (after[i].second - before[i].second) / vms;
    }
    return had;
}

const std::vector<SchedParameters> kMix = {{500, 200}, {500, 250, 250}, {4000, 0, 100}, {1000, 0, 0},
                                           {1500},     {2000},          {800},          {3000, 100}};

std::string options_of(const SchedParameters &p) {
    return fmt::format("--shares {} --reservation {}% {}", p.shares, p.reservation / 10,
                       p.limit ? fmt::format("--limit {}%", p.limit / 10) : "");
}

} // namespace

// Eight VMs on one CPU, of which the console, asleep, needs next to nothing.
std::vector<Row> measure_fairness() {
    Row row{.id = "vm.fairness",
            .what = "8 VMs of mixed shares, reservations, limits, 10 s: error (%)",
            .target = 1,
            .decimals = 2};
    suites::Console console({.cpus = 1, .ns_per_instruction = 1});
    console.launch();
    for (unsigned i = 0; i < kMix.size(); ++i)
        start_spinning(console, number_of(i), options_of(kMix[i]));
    console.must("sleep 1");
    const Had had = had_during(console, static_cast<unsigned>(kMix.size()), "sleep 10");
    double worst = 0, console_part = 1;
    for (const double run : had.run)
        console_part -= run / had.all;
    std::vector<SchedParameters> mix = kMix; // and the console, which wanted no more than it had
    mix.push_back({4000, 0, std::max(1u, static_cast<unsigned>(std::lround(console_part * 1000)))});
    for (SchedParameters &p : mix)
        p.affinity = vmm::CpuMask::first(1);
    const std::vector<double> parts = vmm::test::entitlements(1, mix);
    for (unsigned i = 0; i < kMix.size(); ++i) {
        const double part = had.run[i] / had.all;
        worst = std::max(worst, std::abs(part - parts[i]) / parts[i] * 100);
        row.note += fmt::format("{}vm{} {:.4f} of {:.4f}", i ? ", " : "", i, part, parts[i]);
    }
    row.value = worst;
    return {row};
}

// A VM spins on each of two CPUs with the shares that the console has; so does the console, sending interrupts.
std::vector<Row> measure_console_beside_vms() {
    Row lost{.id = "vm.beside.share",
             .what = "console beside a spinning VM per CPU, equal weight: its part lost (%)",
             .target = 52,
             .decimals = 2};
    Row latency{
        .id = "vm.beside.ipi", .what = "console beside a spinning VM per CPU: IPI, 99 of 100", .target = 100000};
    suites::Console console({.cpus = 2, .ns_per_instruction = 1});
    console.launch();
    console.load_poke();
    for (unsigned i = 0; i < 2; ++i)
        start_spinning(console, number_of(i), fmt::format("--shares 4000 --affinity {}", i));
    const Had had =
        had_during(console, 2, fmt::format("({0}spin 1 5 & {0}ipis 0 1 5 >/tmp/ipis; wait)", suites::kProbe));
    std::istringstream ipis(console.must("cat /tmp/ipis"));
    double count = 0, median = 0, late = 0, most = 0;
    ipis >> count >> median >> late >> most;
    if (count < 100)
        throw std::runtime_error("too few interrupts: " + ipis.str());
    lost.value = (had.run[0] + had.run[1]) / (2 * had.all) * 100;
    latency.value = late;
    latency.note = fmt::format("{} of them: median {}, most {}", count, median, most);
    return {lost, latency};
}

// The second CPU is the VM's alone: the console has taken it offline.
std::vector<Row> measure_undisturbed() {
    Row row{.id = "vm.alone", .what = "VM alone on its CPU, spinning: exits in 10 s", .target = 0};
    suites::Console console({.cpus = 2, .ns_per_instruction = 1});
    console.launch();
    console.must("echo 0 >/sys/devices/system/cpu/cpu1/online");
    start_spinning(console, number_of(0), "--affinity 1");
    console.must("sleep 1");
    const double before = info_of(console, number_of(0))["exits"];
    console.must("sleep 10", Seconds(300));
    row.value = info_of(console, number_of(0))["exits"].get<double>() - before;
    return {row};
}

} // namespace bench
