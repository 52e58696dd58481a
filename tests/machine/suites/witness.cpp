// SPDX-License-Identifier: GPL-2.0-only
#include "tests/machine/suites/witness.hpp"

#include <fmt/format.h>
#include <iostream>

namespace suites {

namespace {

const std::string kEnd = "/tmp/witness.end", kTold = "/tmp/witness.told";

// As a shell line, of the console or of the guest. One that a failed test has left ends first.
std::string starting(const std::string &probe) {
    return fmt::format("touch {0}; [ ! -e /tmp/witness.pid ] || wait $(cat /tmp/witness.pid); rm -f {0}; "
                       "{1} witness {0} >{2} & echo $! >/tmp/witness.pid",
                       kEnd, probe, kTold);
}

std::string ending() {
    return fmt::format("touch {}; wait $(cat /tmp/witness.pid) && cat {}", kEnd, kTold);
}

// What each CPU of one of them told: the longest gap of all.
double longest_gap(const std::string &told, const std::string &who, double allowed) {
    double longest = 0;
    unsigned cpus = 0;
    std::istringstream in(told);
    for (std::string line; std::getline(in, line); ++cpus) {
        const auto cpu = nlohmann::json::parse(line);
        EXPECT_GT(cpu["beats"], 10u) << who << ": " << line;
        EXPECT_EQ(cpu["wrong"], 0u) << who << ": " << line;
        EXPECT_LE(cpu["longest_ms"].get<double>(), allowed) << who << ": " << line;
        longest = std::max(longest, cpu["longest_ms"].get<double>());
    }
    EXPECT_EQ(cpus, 2u) << who << ":\n" << told;
    return longest;
}

} // namespace

// The kernel unpacks archives that follow one another.
std::string witness_initrd(Console &console) {
    const std::string archive = "/tmp/witness.cpio.gz";
    console.must(fmt::format("cd /usr/lib/vmnix/tests && {{ cat /boot/guest.cpio.gz; echo vmnix-probe | "
                             "cpio -o -H newc | gzip -1; }} >{}; cd",
                             archive));
    return archive;
}

Witness::Witness(Console &console, GuestVm &guest) : console_(console), guest_(guest) {
    guest_.must(starting("/vmnix-probe"));
    console_.must(starting(kProbe));
}

void Witness::expect_undisturbed(const std::string &by, double longest_ms) {
    const double guest = longest_gap(guest_.must(ending()), "the other VM", longest_ms),
                 console = longest_gap(console_.must(ending()), "the console", longest_ms);
    std::cout << fmt::format("[   INFO   ] {}: longest gap of the console {:.0f} ms, of another VM {:.0f} ms\n", by,
                             console, guest);
}

} // namespace suites
