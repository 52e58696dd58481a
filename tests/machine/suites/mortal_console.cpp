// SPDX-License-Identifier: GPL-2.0-only
#include "tests/machine/suites/mortal_console.hpp"

#include <fmt/format.h>
#include <regex>

namespace suites {

namespace {

const std::string kKernel = "/usr/lib/vmnix/tests/vmtest.elf";
const std::string kPrompt = "vmnix:~# ", kSurvived = "@@survived@@";

struct Program {
    std::string name, append, options;
};
// Those that never rest leave most of the time to the console, and the emulator some of its own.
const Program kWitnesses[] = {{"beat", "beat 10", "--memory 32M"},
                              {"remember", "remember 64", "--memory 96M --shares 200 --limit 30%"},
                              {"spin", "spin", "--memory 32M --shares 200 --limit 30%"}};

std::string starting(const Program &program) {
    return fmt::format("vmnix run --name {} --kernel {} --append '{}' {}", program.name, kKernel, program.append,
                       program.options);
}

const std::string kVictim = starting({"victim", "spin", "--memory 64M --shares 200 --limit 30%"}) + " ";

// What is written over a kernel may leave one that takes interrupts and runs no program.
const std::string kBeating = "vmnix service-console heartbeat --every 2s >/dev/null 2>&1 & echo $! >/tmp/beat.pid";
const std::string kNotBeating = "[ ! -e /tmp/beat.pid ] || { kill $(cat /tmp/beat.pid); rm /tmp/beat.pid; }";

std::string with(std::string text, const std::string &word, const std::string &value) {
    for (std::size_t at; (at = text.find(word)) != std::string::npos;)
        text.replace(at, word.size(), value);
    return text;
}

// As much as a second, by the seed.
std::string line_of(const std::string &text, const Fault &fault, unsigned seed) {
    std::string line = text.empty() ? kProbe + "crash " + fault.name + " {seed}" : text;
    line = with(line, "{seed}", std::to_string(seed));
    return with(line, "{delay}", fmt::format("{:.2f}", (seed * 37 % 100) / 100.0));
}

Description mortal(Description machine) {
    machine.memory_mib = 1280;
    machine.archive = "kexec";
    machine.one_thread = true;
    return machine;
}

} // namespace

const std::vector<Fault> &faults() {
    const std::string soon = "sleep {delay}; " + kProbe + "crash sysrq {seed}";
    const std::vector<std::string> stuck = {"watchdog", "panic"};
    static const std::vector<Fault> table = {
        {.name = "sysrq", .ends = {"panic"}},
        {.name = "null", .ends = {"panic"}},
        {.name = "stack", .ends = {"panic"}},
        {.name = "loop-one", .ends = stuck, .limit = Seconds(120)},
        {.name = "loop-all", .ends = stuck, .limit = Seconds(120)},
        {.name = "triple-fault", .ends = {"triple_fault"}},
        {.name = "text", .limit = Seconds(90), .may_be_survived = true, .before = kBeating},
        {.name = "data", .limit = Seconds(90), .may_be_survived = true, .before = kBeating},
        {.name = "hypercalls", .ends = {"panic"}},
        {.name = "reboot", .ends = {"restart"}},
        {.name = "power-off", .ends = {"power_off"}},
        {.name = "port-64", .ends = {"reset"}},
        {.name = "port-92", .ends = {"reset"}},
        {.name = "port-cf9", .ends = {"reset"}},
        {.name = "order", .ends = {"order"}, .command = "vmnix service-console restart --force --yes"},
        {.name = "silent-programs",
         .ends = {"heartbeat"},
         .command = "vmnix service-console heartbeat --every 1s & sleep 2; kill -STOP $!"},
        {.name = "inside-run", .ends = {"panic"}, .command = "{ " + kVictim + "& }; " + soon},
        {.name = "inside-stop", .ends = {"panic"}, .before = kVictim, .command = "{ vmnix kill victim & }; " + soon},
        {.name = "while-booting",
         .limit = Seconds(120),
         .deaths = 2,
         .before = kProbe + "doom boot",
         .command = kProbe + "crash sysrq {seed}"},
        {.name = "inside-attach",
         .limit = Seconds(120),
         .deaths = 2,
         .before = kProbe + "doom later $(({seed} * 37 % 60 * 10))",
         .command = kProbe + "crash sysrq {seed}"},
    };
    return table;
}

const Fault &fault(const std::string &name) {
    for (const Fault &each : faults())
        if (each.name == name)
            return each;
    throw std::runtime_error("no fault " + name);
}

MortalConsole::MortalConsole(Description machine, const std::string &parameters) : Console(mortal(std::move(machine))) {
    launch(parameters);
    register_package();
    start_witnesses();
}

// A machine like this one, whose first program may be doomed.
void MortalConsole::register_package() {
    must("mkdir -p /tmp/p && "
         "sed 's,^/etc/init.d/vmnix-adopt,/usr/lib/vmnix/tests/vmnix-probe doomed\\n&,' /init >/tmp/p/init && "
         "chmod 755 /tmp/p/init && grep -q doomed /tmp/p/init");
    must("{ cat /boot/initrd-" + description().kernel +
         "; (cd /tmp/p && find . | cpio -o -H newc | gzip -1); } >/tmp/initrd");
    must("vmnix service-console set --kernel /boot/console.vmlinuz --initrd /tmp/initrd --limit off --watchdog 5s",
         Seconds(120));
    must("rm -r /tmp/p /tmp/initrd");
}

void MortalConsole::start_witnesses() {
    for (const Program &program : kWitnesses)
        must(starting(program));
    must("sleep 2");
    const Witnessed first = witness();
    if (!first.harm.empty())
        throw std::runtime_error("a witness: " + first.harm.front());
}

// What is written over memory may end the shell alone: then a new one asks, of the same console.
bool MortalConsole::wait_for_console(Seconds limit, bool &survived) {
    try {
        survived = serial().wait_for_any({kPrompt, kSurvived}, patient(limit)) == 1;
        if (!survived) {
            type("");
            wait_for_shell(Seconds(20));
        }
        return true;
    } catch (const std::exception &) {
        return false;
    }
}

MortalConsole::Outcome MortalConsole::suffer(const Fault &fault, unsigned seed) {
    must("lsmod | grep -q vmnix_poke || " + kProbe + "insmod /usr/lib/vmnix/tests/vmnix_poke.ko");
    generation_ = generation();
    if (!fault.before.empty())
        must(line_of(fault.before, fault, seed));
    type(line_of(fault.command, fault, seed) + "; printf '@@%s@@\\n' survived");
    bool survived = false;
    if (!wait_for_console(fault.limit, survived))
        return Outcome::Silent;
    try {
        if (survived && !fault.may_be_survived) // by a CPU that does not know yet
            if (!wait_for_console(fault.limit, survived))
                return Outcome::Silent;
        const bool same = generation() == generation_;
        run(kNotBeating);
        run("vmnix rm --force victim");
        return same ? Outcome::Unharmed : Outcome::CameBack;
    } catch (const std::exception &) {
        return Outcome::Silent;
    }
}

// A shell that can start nothing any more has a word of its own.
bool MortalConsole::answers_to_order() {
    bool survived = false;
    type("");
    for (const char *order : {"vmnix service-console restart --force --yes", "echo b >/proc/sysrq-trigger"}) {
        type(order);
        if (wait_for_console(Seconds(60), survived) && !survived)
            return true;
    }
    return false;
}

nlohmann::json MortalConsole::status() {
    return nlohmann::json::parse(must("vmnix service-console status --json"));
}

bool MortalConsole::was_told(const Fault &fault, unsigned seed) {
    if (fault.command.find("crash") == std::string::npos && !fault.command.empty())
        return true; // the VMM itself tells of an order and of a heartbeat
    if (status()["last_text"] == "vmnix_poke: panic beside hypercalls")
        return true; // some of these fill the ring of messages with what they find
    return run(fmt::format("vmnix service-console log --previous | grep -q 'vmnix-probe: crash [a-z0-9-]* {}[.]'",
                           seed))
        .ok();
}

Witnessed MortalConsole::witness() {
    Witnessed result;
    for (const Program &program : kWitnesses) {
        const auto complain = [&](const std::string &what) { result.harm.push_back(program.name + ": " + what); };
        const auto info = suites::Machine::run("vmnix info --json " + program.name);
        if (!info.ok() || nlohmann::json::parse(info.output)["state"] != "running") {
            complain("does not run: " + info.output);
            continue;
        }
        const std::string said = must("vmnix logs " + program.name + " | tail -n 150");
        const unsigned before = seconds_[program.name];
        const std::regex line("second ([0-9]+) ([a-z]+) ([0-9]+)");
        for (std::sregex_iterator at(said.begin(), said.end(), line), end; at != end; ++at) {
            const unsigned second = static_cast<unsigned>(std::stoul((*at)[1]));
            if (second <= before)
                continue;
            seconds_[program.name] = second;
            if ((*at)[2] == "gap")
                result.gap_ms = std::max(result.gap_ms, std::stod((*at)[3]) / 1000);
            if ((*at)[2] == "errors" && (*at)[3] != "0")
                complain("memory is wrong: " + at->str());
        }
        if (seconds_[program.name] == before)
            complain("tells nothing any more after second " + std::to_string(before));
    }
    return result;
}

void MortalConsole::remove_witnesses() {
    for (const Program &program : kWitnesses)
        must("vmnix rm --force " + program.name);
}

} // namespace suites
