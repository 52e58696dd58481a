/* SPDX-License-Identifier: GPL-2.0-only */
/* In hosted tests: the blocks of instead/vmm/core/address_map.hpp. */
#pragma once

#include_next "vmm/core/asm_offsets.h"
#undef CPU_BLOCK_SIZE
#undef CPU_IN_BLOCK
#define CPU_BLOCK_SIZE 0x100000
#define CPU_IN_BLOCK 0xf0000
