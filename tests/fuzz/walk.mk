# SPDX-License-Identifier: GPL-2.0-only
FUZZ_SOURCES.walk := tests/unit/fakes/panic.cpp
FUZZ_OPTIONS.walk := -max_len=600
FUZZ_RUNS.walk    := 20000
FUZZ_FLOOR.walk   := 290
