# SPDX-License-Identifier: GPL-2.0-only
# build/modules/<version>/vmkmod.ko for each kernel of $(KERNELS), and build/vmkmod.ko, the one for $(KERNEL).
# The sources are linked into the build folder, so that the source tree stays clean and kernels build in parallel. A warning
# of modpost or objtool is an error; the compiler's are by vmnix/Kbuild.

MODULE_SOURCES := $(wildcard vmnix/*.c vmnix/*.h vmnix/*.S) vmnix/Kbuild
MODULE_ABI     := $(shell find vmnix/abi -name '*.h')
MODULE_DIGEST  := $(BUILD)/modules/image_digest.h
VMKMOD         := $(BUILD)/vmkmod.ko

# The pure sources, which unit tests and the command compile too.
MODULE_PURE := vmnix/elf.c vmnix/gzip.c vmnix/image_text.c vmnix/known_bits.c vmnix/memmap.c vmnix/supply.c \
	vmnix/attach_rules.c vmnix/early.c $(wildcard vmnix/preflight*.c)

# The module refuses every image but this one. Left alone when the image comes out the same.
$(MODULE_DIGEST): $(BUILD)/vmkernel
	$(call say,DIGEST,$@)
	$(Q)mkdir -p $(@D)
	$(Q)sha256sum $< | sed -E 's/^([0-9a-f]{64}).*/\1/; s/(..)/0x\1, /g; s/, $$//; s/.*/#define VMNIX_IMAGE_DIGEST { & }/' >$@.new
	$(Q)if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

# $(1): kernel series
define module_rules
$(BUILD)/modules/$(1)/vmkmod.ko: $(MODULE_SOURCES) $(MODULE_ABI) $(MODULE_DIGEST)
	$(call say,KBUILD,$$@)
	$(Q)test -d '$$(KDIR_$(1))' || { echo "no headers of kernel $(1): run scripts/setup" >&2; exit 1; }
	$(Q)mkdir -p $$(@D)
	$(Q)ln -sfn $$(abspath $(MODULE_SOURCES) vmnix/abi $(MODULE_DIGEST)) $$(@D)/
	$(Q)$$(MAKE) --no-print-directory -C $$(KDIR_$(1)) M=$$(abspath $$(@D)) CC=$(CC) \
		$$(if $$(V),V=1) modules >$$(@D)/log 2>&1 || { cat $$(@D)/log >&2; exit 1; }
	$(Q)! grep -i 'warning' $$(@D)/log || exit 1
	$(Q)touch $$@
endef
$(foreach kernel,$(KERNELS),$(eval $(call module_rules,$(kernel))))

all: $(VMKMOD)

$(VMKMOD): $(BUILD)/modules/$(KERNEL)/vmkmod.ko
	$(Q)cp $< $@

.PHONY: modules
modules: $(foreach kernel,$(KERNELS),$(BUILD)/modules/$(kernel)/vmkmod.ko)
