// SPDX-License-Identifier: GPL-2.0-only
#include "tests/bench/counting_console.hpp"

#include "tests/machine/harness/paths.hpp"
#include "vmnix/abi/handover/image.h"

#include <fmt/format.h>
#include <fstream>

namespace bench {

namespace {

std::filesystem::path report() {
    return harness::paths::output() / "exits.json";
}

} // namespace

suites::Description CountingConsole::prepared(suites::Description description, bool with_plugin) {
    // In x2APIC mode QEMU's counting ends with "Bad icount read" while Linux boots; the plugin counts all the same.
    description.ns_per_instruction = description.x2apic ? 0 : 1;
    if (with_plugin) {
        std::filesystem::remove(report());
        description.emulator = {"-plugin",
                                fmt::format("file={},out={},host={:#x}-{:#x}",
                                            (harness::paths::build() / "tests/plugin/exit_cost.so").string(),
                                            report().string(), VMNIX_IMAGE_VA, VMNIX_IMAGE_VA + VMNIX_IMAGE_MAX)};
    }
    return description;
}

CountingConsole::CountingConsole(suites::Description description, bool with_plugin)
    : Console(prepared(std::move(description), with_plugin)) {}

SectionCounts CountingConsole::counts(section which) const {
    std::ifstream in(report());
    const auto of = nlohmann::json::parse(in).at(std::to_string(static_cast<unsigned>(which)));
    if (of["times"] == 0)
        throw std::runtime_error(fmt::format("section {} did not run", static_cast<unsigned>(which)));
    return {of["instructions"], of["host_instructions"], of["host_bulk"], of["exits"], of["least"], of["median"],
            of["costly"]};
}

std::uint64_t CountingConsole::number(const std::string &probe_command) {
    return std::stoull(must_probe(probe_command, suites::Seconds(900)));
}

} // namespace bench
