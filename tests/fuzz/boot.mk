# SPDX-License-Identifier: GPL-2.0-only
FUZZ_SOURCES.boot := $(wildcard console/boot/*.cpp) console/text/units.cpp
FUZZ_FLAGS.boot   := -lfmt
FUZZ_OPTIONS.boot := -max_len=4096
FUZZ_RUNS.boot    := 20000
FUZZ_FLOOR.boot   := 1130
