# SPDX-License-Identifier: GPL-2.0-only
FUZZ_SOURCES.board := $(wildcard vmm/device/*.cpp)
FUZZ_FLOOR.board   := 700
FUZZ_RUNS.board    := 40000
