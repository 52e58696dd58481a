# SPDX-License-Identifier: GPL-2.0-only
FUZZ_SOURCES.sched := $(wildcard vmm/sched/*.cpp) tests/unit/sched/operations.cpp tests/unit/fakes/panic.cpp
FUZZ_OPTIONS.sched := -max_len=2000
FUZZ_FLOOR.sched   := 600
