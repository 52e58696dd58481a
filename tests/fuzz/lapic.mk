# SPDX-License-Identifier: GPL-2.0-only
FUZZ_SOURCES.lapic := $(wildcard vmm/apic/*.cpp) tests/unit/apic/lapic_differential.cpp tests/unit/apic/reference_lapic.cpp
FUZZ_FLOOR.lapic   := 940
FUZZ_RUNS.lapic    := 8000
