// SPDX-License-Identifier: GPL-2.0-only
// The part of the emulator's plugin interface (version 7: QEMU 11.1) that is used here. Debian ships no header
// for it.
#pragma once

#include <cstddef>
#include <cstdint>

extern "C" {

struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_info_t;
using qemu_plugin_id_t = std::uint64_t;

enum qemu_plugin_cb_flags { QEMU_PLUGIN_CB_NO_REGS = 0 };

using qemu_plugin_translated = void (*)(qemu_plugin_tb *, void *user);
using qemu_plugin_executed = void (*)(unsigned cpu, void *user);

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t, qemu_plugin_translated, void *user);
std::size_t qemu_plugin_tb_n_insns(const qemu_plugin_tb *);
qemu_plugin_insn *qemu_plugin_tb_get_insn(const qemu_plugin_tb *, std::size_t);
std::size_t qemu_plugin_insn_data(const qemu_plugin_insn *, void *bytes, std::size_t size);
std::size_t qemu_plugin_insn_size(const qemu_plugin_insn *);
std::uint64_t qemu_plugin_insn_vaddr(const qemu_plugin_insn *);
void qemu_plugin_register_vcpu_insn_exec_cb(qemu_plugin_insn *, qemu_plugin_executed, qemu_plugin_cb_flags, void *user);
}
