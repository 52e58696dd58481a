# SPDX-License-Identifier: GPL-2.0-only
FUZZ_SOURCES.ioapic := $(wildcard vmm/apic/*.cpp) tests/unit/apic/fake_ioapic.cpp tests/unit/apic/level_simulation.cpp
FUZZ_FLOOR.ioapic   := 690
