// SPDX-License-Identifier: GPL-2.0-only
// Emulator plugin: instructions from each exit to the next VMRUN, and how many of them are costly on silicon, while a
// marked section of guest code runs. VMRUN is known by its bytes and is followed by the address where an exit resumes,
// so every SVM hypervisor is measured alike. For machines that count instructions, whose CPUs run one after the other.
// Arguments: out=FILE, rewritten whenever a section ends.
#include "tests/plugin/opcodes.hpp"
#include "tests/plugin/qemu_plugin.hpp"
#include "tests/plugin/sections.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace {

constexpr unsigned kCpus = 64;

struct Counts {
    std::uint64_t instructions, costly;
};

struct Cpu {
    bool in_guest = false;
    std::uint64_t resume = 0; // address behind the VMRUN that it went through
    Counts at_exit{};
    bool exited = false;
};

struct Section {
    std::uint64_t times = 0;
    std::uint64_t instructions = 0; // all of them, on all CPUs, in the guest and out of it
    std::uint64_t host_instructions = 0;
    std::uint64_t exits = 0;
    std::map<std::uint64_t, std::uint64_t> cost, costly; // value -> how often
};

qemu_plugin_u64 instructions, costly;
Cpu cpus[kCpus];
Section sections[SECTION_COUNT];
unsigned current = SECTION_NONE;
std::uint64_t total_at_begin = 0;
std::set<std::uint64_t> resume_addresses;
std::string out = "exits.json";

Counts counts(unsigned cpu) {
    return {qemu_plugin_u64_get(instructions, cpu), qemu_plugin_u64_get(costly, cpu)};
}

std::uint64_t total() {
    std::uint64_t sum = 0;
    for (int cpu = 0; cpu < qemu_plugin_num_vcpus(); ++cpu)
        sum += qemu_plugin_u64_get(instructions, static_cast<unsigned>(cpu));
    return sum;
}

std::uint64_t middle(const std::map<std::uint64_t, std::uint64_t> &values) {
    std::uint64_t all = 0, seen = 0;
    for (const auto &[value, times] : values)
        all += times;
    for (const auto &[value, times] : values)
        if ((seen += times) * 2 >= all)
            return value;
    return 0;
}

std::uint64_t most_frequent(const std::map<std::uint64_t, std::uint64_t> &values) {
    const auto at = std::max_element(values.begin(), values.end(),
                                     [](const auto &a, const auto &b) { return a.second < b.second; });
    return at == values.end() ? 0 : at->first;
}

void write_report() {
    std::FILE *file = std::fopen((out + ".new").c_str(), "w");
    if (!file)
        return;
    std::fprintf(file, "{\n");
    for (unsigned i = 1; i < SECTION_COUNT; ++i) {
        const Section &s = sections[i];
        std::fprintf(file,
                     "\"%u\":{\"times\":%lu,\"instructions\":%lu,\"host_instructions\":%lu,\"exits\":%lu,\"least\":%lu,"
                     "\"median\":%lu,\"mode\":%lu,\"costly\":%lu}%s\n",
                     i, s.times, s.instructions, s.host_instructions, s.exits,
                     s.cost.empty() ? 0 : s.cost.begin()->first, middle(s.cost), most_frequent(s.cost),
                     middle(s.costly), i + 1 < SECTION_COUNT ? "," : "");
    }
    std::fprintf(file, "}\n");
    std::fclose(file);
    std::rename((out + ".new").c_str(), out.c_str());
}

// What a callback of an instruction needs to know of it.
void on_mark(unsigned, void *user) {
    const auto mark =
        static_cast<unsigned>(reinterpret_cast<std::uintptr_t>(user)); // a number that travels as a pointer
    if (current != SECTION_NONE) {
        sections[current].instructions += total() - total_at_begin;
        write_report();
    }
    current = mark < SECTION_COUNT ? mark : static_cast<unsigned>(SECTION_NONE);
    sections[current].times++;
    total_at_begin = total();
}

void on_vmrun(unsigned index, void *user) {
    Cpu &cpu = cpus[index % kCpus];
    if (cpu.exited && current != SECTION_NONE) {
        const Counts now = counts(index);
        Section &section = sections[current];
        const std::uint64_t cost = now.instructions - cpu.at_exit.instructions + 1;
        section.exits++;
        section.host_instructions += cost;
        section.cost[cost]++;
        section.costly[now.costly - cpu.at_exit.costly + 1]++; // and the VMRUN itself
    }
    cpu.in_guest = true;
    cpu.resume = reinterpret_cast<std::uintptr_t>(user);
}

void on_resume(unsigned index, void *user) {
    Cpu &cpu = cpus[index % kCpus];
    if (!cpu.in_guest || cpu.resume != reinterpret_cast<std::uintptr_t>(user))
        return;
    cpu.in_guest = false;
    cpu.exited = true;
    cpu.at_exit = counts(index);
}

void *as_pointer(std::uint64_t number) {
    return reinterpret_cast<void *>(number); // never followed
}

void translate(qemu_plugin_insn *instruction) {
    std::uint8_t bytes[15];
    const std::size_t size = qemu_plugin_insn_data(instruction, bytes, sizeof bytes);
    const std::uint64_t address = qemu_plugin_insn_vaddr(instruction);
    const plugin::Opcode opcode =
        plugin::classify({bytes, std::min(size, qemu_plugin_insn_size(instruction))}, SECTION_MARK);
    const auto call = [&](qemu_plugin_executed function, std::uint64_t user) {
        qemu_plugin_register_vcpu_insn_exec_cb(instruction, function, QEMU_PLUGIN_CB_NO_REGS, as_pointer(user));
    };
    // In this order: the callbacks below find this instruction counted.
    qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(instruction, QEMU_PLUGIN_INLINE_ADD_U64, instructions, 1);
    if (opcode.kind == plugin::Kind::Costly)
        qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(instruction, QEMU_PLUGIN_INLINE_ADD_U64, costly, 1);
    if (resume_addresses.count(address))
        call(on_resume, address);
    if (opcode.kind == plugin::Kind::Mark)
        call(on_mark, opcode.mark);
    if (opcode.kind == plugin::Kind::Vmrun) {
        resume_addresses.insert(address + size);
        call(on_vmrun, address + size);
    }
}

void on_translation(qemu_plugin_id_t, qemu_plugin_tb *block) {
    for (std::size_t i = 0; i < qemu_plugin_tb_n_insns(block); ++i)
        translate(qemu_plugin_tb_get_insn(block, i));
}

} // namespace

extern "C" {

[[gnu::visibility("default")]] int qemu_plugin_version = 4;

[[gnu::visibility("default")]] int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *, int count,
                                                       char **arguments) {
    for (int i = 0; i < count; ++i)
        if (std::strncmp(arguments[i], "out=", 4) == 0)
            out = arguments[i] + 4;
    qemu_plugin_scoreboard *board = qemu_plugin_scoreboard_new(2 * sizeof(std::uint64_t));
    instructions = {board, 0};
    costly = {board, sizeof(std::uint64_t)};
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
    return 0;
}
}
