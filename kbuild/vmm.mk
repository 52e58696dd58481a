# SPDX-License-Identifier: GPL-2.0-only
# build/vmkernel: the VMM's freestanding image. Linked as one program of its own, with no library and no undefined symbol.

VMM_VERSION := 0.1.0
VMKERNEL    := $(BUILD)/vmkernel
VMM_OBJDIR  := $(BUILD)/vmm

# No red zone: interrupts arrive on the current stack. No SSE: vector state is the guest's while the VMM runs. No jump
# tables: no indirect branch depends on what a guest chose.
VMM_CXXFLAGS := -std=c++20 -ffreestanding -fno-exceptions -fno-rtti -fno-threadsafe-statics -mgeneral-regs-only \
	-mno-red-zone -mcmodel=kernel -fno-pic -fno-pie -fno-jump-tables -fno-stack-protector -fcf-protection=none \
	-fno-asynchronous-unwind-tables -O2 -g -D_GLIBCXX_ASSERTIONS \
	-Wall -Wextra -Werror -Wno-invalid-offsetof -Wno-missing-field-initializers
# What vmnix/abi/handover/image.h says in C, for the assembler and the linker script.
VMM_DEFINES := -DVMM_VERSION='"$(VMM_VERSION)"' -DVMM_IMAGE_VA=0xffffffff80000000 -DVMM_IMAGE_MAX=0x100000 \
	-DVMM_IMAGE_MAGIC=0x4c4e524b4d56494e -DVMM_HANDOVER_ABI=4 -DVMM_HEADER_SIZE=96

# CHECKS=on is the assertion build: vmm/checks/on instead of vmm/checks/off. INSTEAD is a folder with headers that stand
# in for the VMM's own, by the same path: for the benchmark.
CHECKS  ?= off
INSTEAD ?=

VMM_SOURCES := $(sort $(wildcard vmm/*/*.cpp vmm/*/*.S))
VMM_SOURCES := $(filter-out %.lds.S,$(VMM_SOURCES))
VMM_OBJECTS := $(VMM_SOURCES:%=$(VMM_OBJDIR)/%.o)

# What runs at launches and orders, but not at exits, is compiled for size.
VMM_RARE := core/address_space core/hypercalls core/init core/launch core/log core/memory core/mtrrs core/traps \
	core/vm_calls core/vm_life mm/memory_type svm/backend svm/vm
$(VMM_RARE:%=$(VMM_OBJDIR)/vmm/%.cpp.o): VMM_CXXFLAGS += -Os

all: $(VMKERNEL)

$(VMM_OBJDIR)/%.cpp.o: %.cpp kbuild/vmm.mk
	$(call say,CXX,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CXX) $(VMM_CXXFLAGS) $(VMM_DEFINES) $(INSTEAD:%=-iquote %) -I. -Ivmm/checks/$(CHECKS) -MMD -MP -c $< -o $@

$(VMM_OBJDIR)/%.S.o: %.S kbuild/vmm.mk
	$(call say,AS,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(VMM_DEFINES) -I. -MMD -MP -c $< -o $@

$(VMM_OBJDIR)/vmm.lds: vmm/core/vmm.lds.S kbuild/vmm.mk
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -E -P -x c $(VMM_DEFINES) $< -o $@

# The image is installed without its debug information, which stays beside it for gdb and the audit.
$(VMKERNEL).debug: $(VMM_OBJECTS) $(VMM_OBJDIR)/vmm.lds
	$(call say,LD,$@)
	$(Q)ld -nostdlib -static --build-id=sha1 -z max-page-size=4096 -z noexecstack --no-warn-rwx-segments \
		-T $(VMM_OBJDIR)/vmm.lds -o $@ $(VMM_OBJECTS)

$(VMKERNEL): $(VMKERNEL).debug
	$(Q)objcopy --strip-debug $< $@

# For tools that look at the sources one by one.
.PHONY: print-vmm-flags
print-vmm-flags:
	@echo $(VMM_DEFINES) -Ivmm/checks/$(CHECKS)

-include $(VMM_OBJECTS:.o=.d)
