/* SPDX-License-Identifier: GPL-2.0-only */
/* What assembly knows of a CPU's block and of struct Cpu; core/cpu.hpp asserts it. */
#ifndef VMM_CORE_ASM_OFFSETS_H
#define VMM_CORE_ASM_OFFSETS_H

#define CPU_BLOCK_SIZE 0x10000
#define CPU_IN_BLOCK 0x8000

/* Relative to the block. */
#define CPU_ACKNOWLEDGED (CPU_IN_BLOCK + 0)
#define CPU_NMIS (CPU_IN_BLOCK + 8)
#define CPU_MACHINE_CHECKS (CPU_IN_BLOCK + 12)
#define CPU_UNSEEN (CPU_IN_BLOCK + 16)

/* Relative to struct World. */
#define WORLD_GPR 0x00
#define WORLD_BACKEND 0x80
/* Of the backend's room, what VT-x keeps first; vmx/state.hpp asserts it. */
#define WORLD_LAUNCHED (WORLD_BACKEND + 0)

#endif
