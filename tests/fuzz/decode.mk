# SPDX-License-Identifier: GPL-2.0-only
FUZZ_SOURCES.decode := $(wildcard vmm/decode/*.cpp) tests/unit/decode/zydis_oracle.cpp tests/unit/decode/zydis_operands.cpp
FUZZ_FLAGS.decode   := -lZydis
FUZZ_OPTIONS.decode := -max_len=20
FUZZ_RUNS.decode    := 300000
FUZZ_FLOOR.decode   := 600
