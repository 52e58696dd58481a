// SPDX-License-Identifier: GPL-2.0-only
// Emulator plugin: instructions from each exit to the next VMRUN, and how many of them are costly on silicon, while a
// marked section of guest code runs. VMRUN is known by its bytes and is followed by the address where an exit resumes,
// so every SVM hypervisor is measured alike. For machines that count instructions.
//
// QEMU 10.0 may name a wrong CPU to a callback, and its inline additions may go to a wrong address: its optimiser takes
// the CPU's number for something else that was just stored. So nothing here asks which CPU it is. Costs of single exits
// are right on machines of one CPU; sums, and instructions by address, on all.
//
// Arguments: out=FILE, rewritten whenever a section ends and none begins; host=BEGIN-END, where the hypervisor's code
// lies (hexadecimal).
#include "tests/plugin/opcodes.hpp"
#include "tests/plugin/qemu_plugin.hpp"
#include "tests/plugin/sections.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <map>
#include <set>
#include <string>

namespace {

struct Counts {
    std::uint64_t instructions = 0, costly = 0, host = 0, host_bulk = 0, exits = 0;
};

struct Section {
    std::uint64_t times = 0;
    std::uint64_t instructions = 0; // all of them, on all CPUs, in the guest and out of it
    std::uint64_t host_instructions = 0;
    std::uint64_t host_bulk = 0; // of them, elements that string instructions moved or filled
    std::uint64_t exits = 0;
    std::map<std::uint64_t, std::uint64_t> cost, costly; // value -> how often
};

Counts now, at_begin, at_exit;
bool outside = false; // between an exit of this section and the next VMRUN
Section sections[SECTION_COUNT];
unsigned current = SECTION_NONE;
std::set<std::uint64_t> resume_addresses;
std::uint64_t host_begin = 0, host_end = 0;
std::string out = "exits.json";

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
                     "\"%u\":{\"times\":%lu,\"instructions\":%lu,\"host_instructions\":%lu,\"host_bulk\":%lu,\"exits\":"
                     "%lu,\"least\":%lu,"
                     "\"median\":%lu,\"mode\":%lu,\"costly\":%lu}%s\n",
                     i, s.times, s.instructions, s.host_instructions, s.host_bulk, s.exits,
                     s.cost.empty() ? 0 : s.cost.begin()->first, middle(s.cost), most_frequent(s.cost),
                     middle(s.costly), i + 1 < SECTION_COUNT ? "," : "");
    }
    std::fprintf(file, "}\n");
    std::fclose(file);
    std::rename((out + ".new").c_str(), out.c_str());
}

void on_any(unsigned, void *) {
    now.instructions++;
}

void on_host(unsigned, void *) {
    now.host++;
}

void on_host_bulk(unsigned, void *) {
    now.host_bulk++;
}

void on_costly(unsigned, void *) {
    now.costly++;
}

void on_mark(unsigned, void *user) {
    const auto mark = reinterpret_cast<std::uintptr_t>(user); // see as_pointer
    if (current != SECTION_NONE) {
        Section &section = sections[current];
        section.instructions += now.instructions - at_begin.instructions;
        section.host_instructions += now.host - at_begin.host;
        section.host_bulk += now.host_bulk - at_begin.host_bulk;
        section.exits += now.exits - at_begin.exits;
        if (mark == SECTION_NONE)
            write_report();
    }
    current = mark < SECTION_COUNT ? static_cast<unsigned>(mark) : unsigned{SECTION_NONE};
    sections[current].times++;
    at_begin = now;
    outside = false;
}

void on_vmrun(unsigned, void *) {
    if (!outside)
        return;
    outside = false;
    Section &section = sections[current];
    section.cost[now.instructions - at_exit.instructions + 1]++; // the first and the last of them, too
    section.costly[now.costly - at_exit.costly + 1]++;           // and the VMRUN itself
}

void on_resume(unsigned, void *) {
    now.exits++;
    at_exit = now;
    outside = true;
}

void *as_pointer(std::uint64_t number) {
    return reinterpret_cast<void *>(number); // a number for the callback, never followed
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
    // They run in this order: all but the first find this instruction counted.
    call(on_any, 0);
    if (opcode.kind == plugin::Kind::Costly)
        call(on_costly, 0);
    const bool is_host = address - host_begin < host_end - host_begin;
    if (is_host)
        call(on_host, 0);
    if (is_host && opcode.kind == plugin::Kind::Bulk)
        call(on_host_bulk, 0);
    if (resume_addresses.count(address))
        call(on_resume, 0);
    if (opcode.kind == plugin::Kind::Mark)
        call(on_mark, opcode.mark);
    if (opcode.kind == plugin::Kind::Vmrun) {
        resume_addresses.insert(address + size);
        call(on_vmrun, 0);
    }
}

void on_translation(qemu_plugin_tb *block, void *) {
    for (std::size_t i = 0; i < qemu_plugin_tb_n_insns(block); ++i)
        translate(qemu_plugin_tb_get_insn(block, i));
}

} // namespace

extern "C" {

[[gnu::visibility("default")]] int qemu_plugin_version = 7;

[[gnu::visibility("default")]] int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *, int count,
                                                       char **arguments) {
    for (int i = 0; i < count; ++i) {
        if (std::strncmp(arguments[i], "out=", 4) == 0)
            out = arguments[i] + 4;
        else if (std::sscanf(arguments[i], "host=%lx-%lx", &host_begin, &host_end) != 2)
            return -1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation, nullptr);
    return 0;
}
}
