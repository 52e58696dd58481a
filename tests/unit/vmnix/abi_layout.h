/* SPDX-License-Identifier: GPL-2.0-only */
/* What the ABI's structures look like to a C compiler; the test compares with C++ and with numbers written down. */
#ifndef VMNIX_TESTS_ABI_LAYOUT_H
#define VMNIX_TESTS_ABI_LAYOUT_H

#include <stddef.h>

#include "vmnix/abi/handover/handover.h"
#include "vmnix/abi/ioctl/ioctl.h"

/* Of one build: only C and C++ must agree. */
#define VMNIX_HANDOVER(SIZE)                                                                                           \
    SIZE(vmnix_image_header)                                                                                           \
    SIZE(vmnix_memory) SIZE(vmnix_ioapic) SIZE(vmnix_switch_state) SIZE(vmnix_handover_cpu) SIZE(vmnix_handover)

/* Hypercall and ioctl ABI: these numbers never change. */
#define VMNIX_SIZES(SIZE)                                                                                              \
    SIZE(vmnix_info, 144)                                                                                              \
    SIZE(vmnix_cpu_stats, 256)                                                                                         \
    SIZE(vmnix_launch_record, 32)                                                                                      \
    SIZE(vmnix_stats_query, 264)                                                                                       \
    SIZE(vmnix_raw_hypercall, 32)                                                                                      \
    SIZE(vmnix_vm_share, 48)                                                                                           \
    SIZE(vmnix_vm_config, 2216)                                                                                        \
    SIZE(vmnix_boot_state, 336)                                                                                        \
    SIZE(vmnix_vm_copy, 24)                                                                                            \
    SIZE(vmnix_vm_info, 352)                                                                                           \
    SIZE(vmnix_world_info, 272)                                                                                        \
    SIZE(vmnix_memory_info, 64)                                                                                        \
    SIZE(vmnix_vm_create, 2240)                                                                                        \
    SIZE(vmnix_vm_write, 32)                                                                                           \
    SIZE(vmnix_vm_start, 344)                                                                                          \
    SIZE(vmnix_vm_control, 8)                                                                                          \
    SIZE(vmnix_vm_set, 56)                                                                                             \
    SIZE(vmnix_vm_query, 360)                                                                                          \
    SIZE(vmnix_vm_definition, 16)                                                                                      \
    SIZE(vmnix_world_query, 280)                                                                                       \
    SIZE(vmnix_vm_console, 24)                                                                                         \
    SIZE(vmnix_wait, 8)                                                                                                \
    SIZE(vmnix_console_policy, 24)                                                                                     \
    SIZE(vmnix_console_info, 480)                                                                                      \
    SIZE(vmnix_package, 840)                                                                                           \
    SIZE(vmnix_attach, 64)                                                                                             \
    SIZE(vmnix_package_load, 864)                                                                                      \
    SIZE(vmnix_console_order, 136)                                                                                     \
    SIZE(vmnix_console_log, 24)                                                                                        \
    SIZE(vmnix_beat, 8)                                                                                                \
    SIZE(vmnix_pieces_query, 16)

#define VMNIX_OFFSETS(AT)                                                                                              \
    AT(vmnix_info, size, 0)                                                                                            \
    AT(vmnix_info, hypercall_abi, 4)                                                                                   \
    AT(vmnix_info, version, 8)                                                                                         \
    AT(vmnix_info, build_id, 32)                                                                                       \
    AT(vmnix_info, cpu_count, 52)                                                                                      \
    AT(vmnix_info, arena_base, 56)                                                                                     \
    AT(vmnix_info, arena_size, 64)                                                                                     \
    AT(vmnix_info, arena_used, 72)                                                                                     \
    AT(vmnix_info, tsc_khz, 80)                                                                                        \
    AT(vmnix_info, launched_tsc, 88)                                                                                   \
    AT(vmnix_info, features, 96)                                                                                       \
    AT(vmnix_info, backend, 104)                                                                                       \
    AT(vmnix_info, paging_levels, 108)                                                                                 \
    AT(vmnix_info, x2apic, 112)                                                                                        \
    AT(vmnix_info, isolation, 116)                                                                                     \
    AT(vmnix_info, log_head, 120)                                                                                      \
    AT(vmnix_info, log_size, 128)                                                                                      \
    AT(vmnix_info, silicon, 136)                                                                                       \
    AT(vmnix_vm_config, memory, 8)                                                                                     \
    AT(vmnix_vm_config, epoch, 16)                                                                                     \
    AT(vmnix_vm_config, uuid, 24)                                                                                      \
    AT(vmnix_vm_config, name, 40)                                                                                      \
    AT(vmnix_vm_config, share, 104)                                                                                    \
    AT(vmnix_vm_config, flags, 152)                                                                                    \
    AT(vmnix_vm_config, console_size, 156)                                                                             \
    AT(vmnix_vm_config, definition_size, 160)                                                                          \
    AT(vmnix_vm_config, definition, 168)                                                                               \
    AT(vmnix_boot_state, rip, 128)                                                                                     \
    AT(vmnix_boot_state, cs, 176)                                                                                      \
    AT(vmnix_boot_state, idtr, 320)                                                                                    \
    AT(vmnix_vm_info, state, 8)                                                                                        \
    AT(vmnix_vm_info, reason, 96)                                                                                      \
    AT(vmnix_vm_info, memory, 192)                                                                                     \
    AT(vmnix_vm_info, console_head, 216)                                                                               \
    AT(vmnix_vm_info, vcpus, 256)                                                                                      \
    AT(vmnix_vm_info, share, 264)                                                                                      \
    AT(vmnix_vm_info, run_tsc, 312)                                                                                    \
    AT(vmnix_vm_info, definition_size, 344)                                                                            \
    AT(vmnix_world_info, exits, 64)                                                                                    \
    AT(vmnix_cpu_stats, apic_id, 4)                                                                                    \
    AT(vmnix_cpu_stats, state, 8)                                                                                      \
    AT(vmnix_cpu_stats, kinds, 12)                                                                                     \
    AT(vmnix_cpu_stats, tsc, 16)                                                                                       \
    AT(vmnix_cpu_stats, exits, 24)                                                                                     \
    AT(vmnix_cpu_stats, injected_interrupts, 216)                                                                      \
    AT(vmnix_cpu_stats, injected_nmis, 224)                                                                            \
    AT(vmnix_cpu_stats, ipis_sent, 232)                                                                                \
    AT(vmnix_cpu_stats, timer_fired, 240)                                                                              \
    AT(vmnix_cpu_stats, vmm_tsc, 248)                                                                                  \
    AT(vmnix_launch_record, cpus, 4)                                                                                   \
    AT(vmnix_launch_record, stopped_tsc, 8)                                                                            \
    AT(vmnix_launch_record, init_tsc, 16)                                                                              \
    AT(vmnix_launch_record, reserve_tries, 24)                                                                         \
    AT(vmnix_stats_query, stats, 8)                                                                                    \
    AT(vmnix_console_info, last_text, 16)                                                                              \
    AT(vmnix_console_info, ended_tsc, 144)                                                                             \
    AT(vmnix_console_info, package_text, 168)                                                                          \
    AT(vmnix_console_info, policy, 440)                                                                                \
    AT(vmnix_console_info, log_of_this, 472)                                                                           \
    AT(vmnix_package, checksum, 16)                                                                                    \
    AT(vmnix_package, map_at, 40)                                                                                      \
    AT(vmnix_package, text, 56)                                                                                        \
    AT(vmnix_package, segment, 312)                                                                                    \
    AT(vmnix_package, state, 504)                                                                                      \
    AT(vmnix_attach, cpus, 40)                                                                                         \
    AT(vmnix_attach, can_leave, 52)                                                                                    \
    AT(vmnix_attach, stub_vmx_left, 56)

struct layout {
    const char *name;
    size_t value;
};

#ifdef __cplusplus
extern "C"
#else
extern
#endif
    const struct layout vmnix_c_layout[];

#endif
