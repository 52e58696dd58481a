# SPDX-License-Identifier: GPL-2.0-only
# A machine for hosted tests. Headers in instead/ stand for those of the same name that hold instructions or addresses
# which a process cannot have; -iquote finds them first.
FAKE_FLAGS   := -iquote tests/unit/fakes/instead -Ivmm/checks/on -Wno-invalid-offsetof
FAKE_SOURCES := $(addprefix tests/unit/fakes/,hardware.cpp physical_memory.cpp vmcs_regions.cpp)
# With all of the VMM save its launch and its assembly. Areas that use it share the objects: OBJECTS.<area>.
FAKE_RIG     := $(FAKE_SOURCES) $(addprefix tests/unit/fakes/,globals.cpp image.cpp panic.cpp rig.cpp svm_run.cpp \
                vm_host.cpp vmx_run.cpp) \
                $(wildcard $(addsuffix /*.cpp,$(addprefix vmm/,apic decode device sched svm vm vmx))) \
                vmm/mm/memory_type.cpp $(filter-out $(addprefix vmm/core/,address_space.cpp init.cpp launch.cpp \
                runtime.cpp traps.cpp),$(wildcard vmm/core/*.cpp))
FLAGS.fakes  := $(FAKE_FLAGS)
RIG_OBJECTS   = $(FAKE_RIG:%=$(TESTS)/unit/fakes.o/%.o)
