# SPDX-License-Identifier: GPL-2.0-only
FUZZ_SOURCES.exit := $(FAKE_RIG) tests/fuzz/exit_invariants.cpp
FUZZ_FLAGS.exit   := $(FAKE_FLAGS) -Wno-unused-private-field
FUZZ_OPTIONS.exit := -max_len=1500
FUZZ_RUNS.exit    := 10000
FUZZ_FLOOR.exit   := 2900
