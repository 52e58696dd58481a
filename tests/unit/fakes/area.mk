# SPDX-License-Identifier: GPL-2.0-only
# A machine for hosted tests. Headers in instead/ stand for those of the same name that hold instructions or addresses
# which a process cannot have; -iquote finds them first.
FAKE_FLAGS   := -iquote tests/unit/fakes/instead -Ivmm/checks/on -Wno-invalid-offsetof
FAKE_SOURCES := $(addprefix tests/unit/fakes/,hardware.cpp physical_memory.cpp)
FAKE_RIG   := $(FAKE_SOURCES) $(addprefix tests/unit/fakes/,globals.cpp image.cpp panic.cpp rig.cpp) \
                $(wildcard vmm/apic/*.cpp vmm/decode/*.cpp) vmm/mm/memory_type.cpp \
                $(addprefix vmm/core/,hypercalls.cpp interrupts.cpp log.cpp mtrrs.cpp)
