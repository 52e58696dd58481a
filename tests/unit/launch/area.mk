# SPDX-License-Identifier: GPL-2.0-only
# All of the VMM but its assembly, launched on threads. The linker's symbols lie where fakes/instead has the image; they
# are absolute and far away: no position-independent program, and they are reached by the GOT.
FLAGS.launch   = $(FAKE_FLAGS) $(VMM_DEFINES) -fPIC
SOURCES.launch = $(FAKE_SOURCES) $(addprefix tests/unit/fakes/,image.cpp panic.cpp svm_run.cpp) \
                 $(wildcard vmm/apic/*.cpp vmm/decode/*.cpp vmm/svm/*.cpp) vmm/mm/memory_type.cpp \
                 $(filter-out vmm/core/runtime.cpp vmm/core/traps.cpp,$(wildcard vmm/core/*.cpp))
LIBS.launch    = -no-pie $(addprefix -Wl$(COMMA),--no-relax --defsym=vmm_text_begin=0x380000001000 \
                 --defsym=vmm_text_end=0x380000003000 --defsym=vmm_data_begin=0x380000003000 \
                 --defsym=vmm_image_end=0x380000005000)
COMMA         := ,
