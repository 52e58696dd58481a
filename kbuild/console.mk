# SPDX-License-Identifier: GPL-2.0-only
# The command vmnix with its man page, and `make install` / `make uninstall` of everything.
VMNIX_TOOL      := $(BUILD)/vmnix
VMNIX_VERSION   := $(or $(VMM_VERSION),0.1.0)
CONSOLE_SOURCES := $(shell find console -name '*.cpp' ! -path 'console/loader/*' | sort)
# The module's pure sources, so that `vmnix check` judges as the module does.
CONSOLE_C       := $(MODULE_PURE)
CONSOLE_OBJECTS := $(CONSOLE_SOURCES:%=$(BUILD)/console/o/%.o) $(CONSOLE_C:%=$(BUILD)/console/o/%.o)
CONSOLE_WARN    := -Wall -Wextra -Werror
CONSOLE_FLAGS   := -I. -O2 -g -D_GLIBCXX_ASSERTIONS -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE -MMD -MP \
                   $(CONSOLE_WARN)
CONSOLE_LIBS    := -lfmt -lcrypto

all: $(VMNIX_TOOL) $(BUILD)/vmnix.8.gz

$(BUILD)/console/o/%.cpp.o: %.cpp
	$(call say,CXX,$<)
	@mkdir -p $(@D)
	$(Q)$(CXX) -std=c++20 $(CONSOLE_FLAGS) -DVMNIX_VERSION='"$(VMNIX_VERSION)"' -c -o $@ $<
$(BUILD)/console/o/%.c.o: %.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 $(CONSOLE_FLAGS) -c -o $@ $<
-include $(CONSOLE_OBJECTS:.o=.d)

# Only what says the version depends on where it is written.
$(BUILD)/console/o/console/app/command_line.cpp.o: $(wildcard kbuild/vmm.mk)

# ---- the loader of a restarted console: one page of 32-bit code that the command carries ------------------------------
LOADER_BINARY   := $(BUILD)/console/loader/loader.bin
LOADER_EMBEDDED := $(BUILD)/console/loader/embedded.o
LOADER_OBJECTS  := $(patsubst %,$(BUILD)/console/loader/o/%.o,entry.S main.cpp reserve.cpp)
LOADER_FLAGS    := -m32 -march=i686 -std=c++20 -Os -I. -MMD -MP $(CONSOLE_WARN) -ffreestanding -fno-exceptions \
                   -fno-rtti -fno-pic -fno-stack-protector -fno-asynchronous-unwind-tables -mgeneral-regs-only \
                   -fcf-protection=none -mno-red-zone

$(BUILD)/console/loader/o/%.cpp.o: console/loader/%.cpp
	$(call say,CXX,$<)
	@mkdir -p $(@D)
	$(Q)$(CXX) $(LOADER_FLAGS) -c -o $@ $<
$(BUILD)/console/loader/o/%.S.o: console/loader/%.S
	$(call say,AS,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) -m32 -I. -MMD -MP -c -o $@ $<
-include $(LOADER_OBJECTS:.o=.d)

$(LOADER_BINARY): $(LOADER_OBJECTS) console/loader/loader.lds
	$(call say,LINK,$@)
	$(Q)$(LD) -m elf_i386 -nostdlib -no-pie -T console/loader/loader.lds -o $(@:.bin=.elf) $(LOADER_OBJECTS)
	$(Q)objcopy -O binary -j .text $(@:.bin=.elf) $@
$(LOADER_EMBEDDED): console/loader/embedded.S $(LOADER_BINARY)
	$(call say,AS,$<)
	$(Q)$(CC) -DLOADER_BINARY='"$(LOADER_BINARY)"' -c -o $@ $<

$(VMNIX_TOOL): $(CONSOLE_OBJECTS) $(LOADER_EMBEDDED)
	$(call say,LINK,$@)
	$(Q)$(CXX) -pie -Wl,-z,relro,-z,now -Wl,--as-needed -o $@ $^ $(CONSOLE_LIBS)

$(BUILD)/vmnix.8.gz: console/vmnix.8
	$(call say,GZIP,$@)
	@mkdir -p $(@D)
	$(Q)gzip -9n <$< >$@

# ---- a real machine --------------------------------------------------------------------------------------------------
# DESTDIR= puts everything below another root, PREFIX= chooses another place than /usr, KRELEASE= another kernel than
# the running one. Nothing is started, and nothing enabled but what does nothing in a Linux
# that the VMM has not restarted.
DESTDIR  ?=
PREFIX   ?= /usr
KRELEASE ?= $(shell uname -r)

INSTALLED_MODULE := /lib/modules/$(KRELEASE)/extra/vmkmod.ko
# mode:source:place
INSTALLED := \
	644:$(BUILD)/vmkernel:/lib/firmware/vmnix/vmkernel \
	755:$(VMNIX_TOOL):$(PREFIX)/sbin/vmnix \
	755:scripts/vmnix-service:$(PREFIX)/lib/vmnix/vmnix-service \
	755:scripts/vmnix.init:/etc/init.d/vmnix \
	644:scripts/vmnix.service:$(PREFIX)/lib/systemd/system/vmnix.service \
	755:scripts/vmnix-guests.init:/etc/init.d/vmnix-guests \
	644:scripts/vmnix-guests.service:$(PREFIX)/lib/systemd/system/vmnix-guests.service \
	755:scripts/vmnix-adopt.init:/etc/init.d/vmnix-adopt \
	644:scripts/vmnix-adopt.service:$(PREFIX)/lib/systemd/system/vmnix-adopt.service \
	644:scripts/60-vmnix.rules:$(PREFIX)/lib/udev/rules.d/60-vmnix.rules \
	644:$(BUILD)/vmnix.8.gz:$(PREFIX)/share/man/man8/vmnix.8.gz \
	644:console/completion/vmnix:$(PREFIX)/share/bash-completion/completions/vmnix \
	644:console/completion/_vmnix:$(PREFIX)/share/zsh/vendor-completions/_vmnix
# Holds the administrator's changes, so it is neither overwritten nor, once changed, removed.
INSTALLED_SETTINGS := /etc/default/vmnix

INSTALL_ENVIRONMENT = BUILD='$(BUILD)' DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' KRELEASE='$(KRELEASE)' \
	MODULE_PLACE='$(INSTALLED_MODULE)' SETTINGS_PLACE='$(INSTALLED_SETTINGS)'

.PHONY: install uninstall
install: $(BUILD)/vmkernel $(BUILD)/vmkmod.ko $(VMNIX_TOOL) $(BUILD)/vmnix.8.gz
	@$(INSTALL_ENVIRONMENT) scripts/vmnix-install install $(INSTALLED)
uninstall:
	@$(INSTALL_ENVIRONMENT) scripts/vmnix-install uninstall $(INSTALLED)
