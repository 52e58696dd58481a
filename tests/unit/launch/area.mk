# SPDX-License-Identifier: GPL-2.0-only
# All of the VMM but its assembly, launched on threads. The linker's symbols lie where fakes/instead has the image; they
# are absolute and far away: no position-independent program, and they are reached by the GOT.
FLAGS.launch   = $(FAKE_FLAGS) $(VMM_DEFINES) -fPIC
PRECOMPILED.launch :=
SOURCES.launch = $(addprefix vmm/core/,address_space.cpp init.cpp launch.cpp)
OBJECTS.launch = $(filter-out %/globals.cpp.o %/rig.cpp.o %/vm_host.cpp.o,$(RIG_OBJECTS)) \
                 $(TESTS)/unit/vmnix.o/vmnix/early.c.o
LIBS.launch    = -no-pie $(addprefix -Wl$(COMMA),--no-relax --defsym=vmm_text_begin=0x380000001000 \
                 --defsym=vmm_text_end=0x380000003000 --defsym=vmm_data_begin=0x380000003000 \
                 --defsym=vmm_image_end=0x380000005000)
COMMA         := ,
