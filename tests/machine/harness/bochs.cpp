// SPDX-License-Identifier: GPL-2.0-only
#include "tests/machine/harness/bochs.hpp"

#include "tests/machine/harness/paths.hpp"

#include <fmt/format.h>
#include <fstream>
#include <iterator>

namespace harness {

namespace fs = std::filesystem;

namespace {

// Between two shells, a command takes this much longer than in QEMU, which translates code; a busy host included.
constexpr unsigned kPatience = 4;

// What takes Linux a quarter of its boot and shows nothing of ours: tests of its own cryptography, certificates (its
// modules then count as unsigned, as ours does), the noise that it collects for random numbers, names of trace points.
const std::string kQuick = "cryptomgr.notests "
                           "initcall_blacklist=jent_mod_init,load_system_certificate_list,trace_eval_init ";

[[noreturn]] void refuse(const std::string &what) {
    throw NotEmulated("Bochs has no " + what);
}

// Nothing that a description asks for is left out in silence.
void check(const Description &description) {
    if (!description.nics.empty())
        refuse("network card that talks to another machine");
    if (!description.emulator.empty())
        refuse("arguments of QEMU");
    if (description.x2apic)
        refuse("IOMMU that x2APIC mode from the start needs");
    if (description.keeps_crashed)
        refuse("way to end at a reset");
}

std::vector<std::string> command(const Description &description, const fs::path &folder, const std::string &terminal) {
    return {paths::bochs_machine(),
            "-cpu",
            description.bochs,
            "-without",
            fmt::format("{}", fmt::join(description.without, ",")),
            "-smp",
            std::to_string(description.cpus),
            "-m",
            std::to_string(description.memory_mib),
            "-kernel",
            paths::kernel(description.kernel),
            "-initrd",
            paths::initrd(description.kernel, description.archive),
            "-append",
            "console=ttyS0,115200 quiet " + kQuick + description.append,
            "-serial",
            terminal,
            "-folder",
            folder};
}

} // namespace

Bochs::Bochs(const Description &description, const std::string &title, const fs::path &folder)
    : folder_((check(description), folder / (title + ".bochs"))),
      terminal_(folder / fmt::format("{}.{}.serial.log", title, description.name())),
      child_(command(description, folder_, terminal_.other_end()), folder / (title + ".bochs.out")) {
    terminal_.listen([this] { return child_.alive(); }, [this] { return powered_off() ? "" : "\nBochs:\n" + log(); });
}

Bochs::~Bochs() {
    terminal_.hush();
    std::error_code ignored;
    fs::remove(folder_ / "disk", ignored);
}

unsigned Bochs::patience() const {
    return kPatience;
}

std::string Bochs::log() const {
    std::ifstream log(folder_ / "bochs.log"), output(folder_.string() + ".out");
    std::ifstream &said = log.peek() == EOF ? output : log; // it did not come to the first
    return {std::istreambuf_iterator<char>(said), {}};
}

nlohmann::json Bochs::monitor(const std::string &command, const nlohmann::json &) {
    refuse("monitor for '" + command + "'");
}

void Bochs::read_memory(std::uint64_t, std::span<std::byte>) {
    refuse("way to read memory from outside");
}

void Bochs::inject_nmi() {
    refuse("button for an NMI");
}

void Bochs::reset() {
    refuse("reset button");
}

void Bochs::pause() {
    refuse("pause");
}

void Bochs::resume() {
    refuse("pause");
}

} // namespace harness
