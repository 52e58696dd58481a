// SPDX-License-Identifier: GPL-2.0-only
// campaign N SEED SECONDS RESULTS TABLE: the first N injections of this seed, save those that RESULTS has already,
// within SECONDS. Ends with 0 when no console was wedged and no VM harmed.
#include "tests/campaign/injection.hpp"
#include "tests/machine/harness/host.hpp"
#include "tests/machine/suites/mortal_console.hpp"

#include <fmt/format.h>
#include <fstream>
#include <iostream>
#include <memory>
#include <numeric>
#include <random>

namespace {

using namespace campaign;
using suites::MortalConsole;

std::vector<Injection> read_results(const char *file) {
    std::vector<Injection> done;
    std::ifstream in(file);
    for (std::string line; std::getline(in, line);)
        done.push_back(nlohmann::json::parse(line).get<Injection>());
    return done;
}

// Equal seeds give equal campaigns: all kinds in random order, then all in another one, and so on.
Injection planned(unsigned number, unsigned seed, double &pause) {
    const auto &all = suites::faults();
    const auto count = static_cast<unsigned>(all.size());
    std::vector<unsigned> order(count);
    std::iota(order.begin(), order.end(), 0u);
    std::shuffle(order.begin(), order.end(), std::mt19937(seed * 1000003u + (number - 1) / count));
    std::mt19937 random(seed * 1000033u + number);
    Injection one;
    one.number = number;
    one.kind = all[order[(number - 1) % count]].name;
    one.seed = static_cast<unsigned>(1000 + random() % 1000000);
    pause = static_cast<double>(random() % 300) / 100.0;
    return one;
}

// The shell of a console answers: what became of its VMs?
void look_around(MortalConsole &console, Injection &one, unsigned before) {
    const suites::Fault &fault = suites::fault(one.kind);
    const auto status = console.status();
    one.deaths = status["generation"].get<unsigned>() - before;
    one.last_end = status["last_end"];
    one.told = console.was_told(fault, one.seed);
    one.as_expected = one.deaths == 0 || fault.ends.empty() ||
                      std::find(fault.ends.begin(), fault.ends.end(), one.last_end) != fault.ends.end();
    if (!one.as_expected)
        one.note = fmt::format("ended as {}", one.last_end);
    console.must("sleep 1.2"); // each witness tells once a second
    const suites::Witnessed seen = console.witness();
    one.gap_ms = seen.gap_ms;
    for (const std::string &harm : seen.harm)
        one.note += harm + "; ";
    if (!seen.harm.empty() || seen.gap_ms > 1000 * suites::kStall.count())
        one.became = kHarmed;
}

void recover(MortalConsole &console, Injection &one, unsigned before) {
    one.became = kWedged;
    std::ofstream(console.folder() / fmt::format("wedged-{}.txt", one.number)) << console.serial().tail(20000);
    if (!console.answers_to_order())
        return;
    one.recovered = "order";
    look_around(console, one, before);
}

// What was written over memory at random and did nothing yet is not to be taken for the next fault.
void cleanse(MortalConsole &console, Injection &one) {
    if (one.became != kNoEffect || !suites::fault(one.kind).may_be_survived || console.answers_to_order())
        return;
    one.became = kWedged;
    one.note += "only when it was ordered to restart; ";
}

void inject(MortalConsole &console, Injection &one, double pause) {
    const unsigned before = console.generation();
    (void)console.witness();
    console.must(fmt::format("sleep {:.2f}", 2 + pause));
    one.gap_before_ms = console.witness().gap_ms;
    const auto began = std::chrono::steady_clock::now();
    const MortalConsole::Outcome outcome = console.suffer(suites::fault(one.kind), one.seed);
    one.seconds = suites::Seconds(std::chrono::steady_clock::now() - began).count();
    if (outcome == MortalConsole::Outcome::Silent)
        return recover(console, one, before);
    one.became = outcome == MortalConsole::Outcome::CameBack ? kCameBack : kNoEffect;
    look_around(console, one, before);
    cleanse(console, one);
}

// A machine serves as long as its console answers.
void inject_somewhere(std::unique_ptr<MortalConsole> &console, Injection &one, double pause) {
    try {
        if (!console)
            console = std::make_unique<MortalConsole>();
        inject(*console, one, pause);
    } catch (const std::exception &error) {
        one.became = one.became.empty() ? kNotInjected : kWedged;
        one.note += std::string(error.what()).substr(0, 200);
        std::replace(one.note.begin(), one.note.end(), '\n', ' ');
    }
    const bool usable = one.became == kCameBack || one.became == kNoEffect || !one.recovered.empty();
    if (!usable)
        console.reset();
}

bool is_done(const std::vector<Injection> &done, unsigned number) {
    return std::any_of(done.begin(), done.end(), [&](const Injection &one) { return one.number == number; });
}

} // namespace

int main(int argc, char **argv) {
    if (argc != 6) {
        std::cerr << "usage: campaign N SEED SECONDS RESULTS TABLE\n";
        return 2;
    }
    const unsigned count = static_cast<unsigned>(std::stoul(argv[1])),
                   seed = static_cast<unsigned>(std::stoul(argv[2]));
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(std::stoul(argv[3]));
    std::vector<Injection> done = read_results(argv[4]);
    std::unique_ptr<MortalConsole> console;
    for (unsigned number = 1; number <= count && std::chrono::steady_clock::now() < deadline; ++number) {
        if (is_done(done, number))
            continue;
        double pause = 0;
        Injection one = planned(number, seed, pause);
        std::cout << fmt::format("{:4} {:14} ", number, one.kind) << std::flush;
        inject_somewhere(console, one, pause);
        std::cout << fmt::format("{}{} ({}, {:.0f} s, gap {:.1f} ms) {}\n", one.became,
                                 one.recovered.empty() ? "" : ", then " + one.recovered, one.last_end, one.seconds,
                                 one.gap_ms, one.note)
                  << std::flush;
        done.push_back(one);
        std::ofstream(argv[4], std::ios::app) << nlohmann::json(one).dump() << std::endl;
        std::ofstream(argv[5]) << table(done, seed);
    }
    return std::all_of(done.begin(), done.end(),
                       [](const Injection &one) { return one.became == kNoEffect || one.became == kCameBack; })
               ? 0
               : 1;
}
