// SPDX-License-Identifier: GPL-2.0-only
// The part of the emulator's plugin interface (version 4: QEMU 9.2 and later) that is used here. Debian ships no header
// for it.
#pragma once

#include <cstddef>
#include <cstdint>

extern "C" {

struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_plugin_scoreboard;
struct qemu_info_t;
using qemu_plugin_id_t = std::uint64_t;

// One 64-bit number for each CPU.
struct qemu_plugin_u64 {
    qemu_plugin_scoreboard *score;
    std::size_t offset;
};

enum qemu_plugin_op { QEMU_PLUGIN_INLINE_ADD_U64 = 0 };
enum qemu_plugin_cb_flags { QEMU_PLUGIN_CB_NO_REGS = 0 };

using qemu_plugin_translated = void (*)(qemu_plugin_id_t, qemu_plugin_tb *);
using qemu_plugin_executed = void (*)(unsigned cpu, void *user);

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t, qemu_plugin_translated);
std::size_t qemu_plugin_tb_n_insns(const qemu_plugin_tb *);
qemu_plugin_insn *qemu_plugin_tb_get_insn(const qemu_plugin_tb *, std::size_t);
std::size_t qemu_plugin_insn_data(const qemu_plugin_insn *, void *bytes, std::size_t size);
std::size_t qemu_plugin_insn_size(const qemu_plugin_insn *);
std::uint64_t qemu_plugin_insn_vaddr(const qemu_plugin_insn *);
void qemu_plugin_register_vcpu_insn_exec_cb(qemu_plugin_insn *, qemu_plugin_executed, qemu_plugin_cb_flags, void *user);
void qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(qemu_plugin_insn *, qemu_plugin_op, qemu_plugin_u64,
                                                         std::uint64_t);
qemu_plugin_scoreboard *qemu_plugin_scoreboard_new(std::size_t element_size);
std::uint64_t qemu_plugin_u64_get(qemu_plugin_u64, unsigned cpu);
int qemu_plugin_num_vcpus();
}
