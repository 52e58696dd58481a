# SPDX-License-Identifier: GPL-2.0-only
# Everything that tests. tests/README.md tells what is where and how to run one test.
#   make check     for daily use: unit tests, formatting, licences, scripts, the border (under 2 minutes)
#   make test      all of it: check, static analysis, fuzz targets briefly, machine suite; ends with "N passed, N failed"
#   make test-all  the same with the whole matrix, 100 launch cycles, and each guard taken out in turn
#   make fuzz      long fuzzing, SECONDS_EACH=600 per target
#   make entry-oracle  VT-x' entry oracle beside Bochs, on COUNT random VMCSs of SEED
#   make bench     instruction counts, build/bench.json

TESTS        := $(BUILD)/tests
JOBS         ?= 2
TEST_CXX     ?= $(CXX)
FUZZ_CXX     ?= clang++
TEST_WARN    := -Wall -Wextra -Werror -Wno-missing-field-initializers
TEST_FLAGS   := -I. -g1 -D_GLIBCXX_ASSERTIONS $(TEST_WARN) -MMD -MP
SANITIZE     := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
RECORD        = BUILD=$(BUILD) tests/record

# ---- unit tests: tests/unit/<area>/*_test.cpp with the area's sources, one program per area ------------------------
# The optional tests/unit/<area>/area.mk may set SOURCES.<area> (default: vmm/<area>/*.cpp), FLAGS.<area>, LIBS.<area>,
# OBJECTS.<area>, which another area makes, and PRECOMPILED.<area>.
UNIT_AREAS := $(sort $(patsubst tests/unit/%/,%,$(dir $(wildcard tests/unit/*/*_test.cpp))))
-include $(wildcard tests/unit/*/area.mk)

# They are compiled more often than run: clang at -O0 takes half the time of gcc at -O1. What computes for long says so.
UNIT_CXX  ?= clang++
UNIT_CC   ?= clang
optimised  = $(if $(filter tests/% console/%,$(1)),-O0,-O1)

# An area whose FLAGS change the language's options (-O1, -fPIC) cannot use it: PRECOMPILED.<area> is empty.
PRECOMPILED := $(TESTS)/unit/precompiled.pch
precompiled  = $(if $(filter tests/% console/%,$(1)),$(addprefix -include-pch ,$(2)))
$(PRECOMPILED): tests/unit/precompiled.hpp
	$(call say,PCH,$@)
	@mkdir -p $(@D)
	$(Q)$(UNIT_CXX) -std=c++20 -O0 $(TEST_FLAGS) $(SANITIZE) -x c++-header -fpch-instantiate-templates -o $@ $<
-include $(PRECOMPILED:.pch=.d)

define unit_objects
PRECOMPILED.$(1) ?= $(PRECOMPILED)
$(TESTS)/unit/$(1).o/%.cpp.o: %.cpp $$(PRECOMPILED.$(1))
	$$(call say,CXX,$$< [$(1)])
	@mkdir -p $$(@D)
	$(Q)$(UNIT_CXX) -std=c++20 $$(call optimised,$$<) $$(call precompiled,$$<,$$(PRECOMPILED.$(1))) $(TEST_FLAGS) \
	    $(SANITIZE) $$(FLAGS.$(1)) -c -o $$@ $$<
$(TESTS)/unit/$(1).o/%.c.o: %.c
	$$(call say,CC,$$< [$(1)])
	@mkdir -p $$(@D)
	$(Q)$(UNIT_CC) -std=gnu11 -O1 $(TEST_FLAGS) $(SANITIZE) $$(FLAGS.$(1)) -c -o $$@ $$<
endef
define unit_area
$(call unit_objects,$(1))
SOURCES.$(1) ?= $(wildcard vmm/$(1)/*.cpp)
UNIT_OBJECTS.$(1) := $$(patsubst %,$(TESTS)/unit/$(1).o/%.o,$$(SOURCES.$(1)) $(wildcard tests/unit/$(1)/*.cpp))
$(TESTS)/unit/$(1): $$(UNIT_OBJECTS.$(1)) $$(OBJECTS.$(1))
	$$(call say,LINK,$$@)
	$(Q)$(UNIT_CXX) $(SANITIZE) -o $$@ $$^ $$(LIBS.$(1)) -lgmock -lgtest -lgtest_main -pthread
-include $$(UNIT_OBJECTS.$(1):.o=.d)
endef
$(eval $(call unit_objects,fakes))
-include $(RIG_OBJECTS:.o=.d)
$(foreach area,$(UNIT_AREAS),$(eval $(call unit_area,$(area))))

UNIT_PROGRAMS := $(UNIT_AREAS:%=$(TESTS)/unit/%)
.PHONY: unit unit-programs
unit-programs: $(UNIT_PROGRAMS)
unit: unit-programs
	@tests/run unit

# ---- fuzz targets: tests/fuzz/<name>_fuzz.cpp, corpus in tests/fuzz/corpus/<name> ----------------------------------
# tests/fuzz/<name>.mk sets FUZZ_SOURCES.<name>, FUZZ_FLOOR.<name> (coverage that the short run must reach) and, when
# the defaults do not do, FUZZ_RUNS.<name>, FUZZ_FLAGS.<name> (compiler), FUZZ_OPTIONS.<name> (libFuzzer).
FUZZ_TARGETS := $(patsubst tests/fuzz/%_fuzz.cpp,%,$(wildcard tests/fuzz/*_fuzz.cpp))
SECONDS_EACH ?= 600
-include $(wildcard tests/fuzz/*.mk)

define fuzz_target
FUZZ_RUNS.$(1) ?= 20000
$(TESTS)/fuzz/$(1): tests/fuzz/$(1)_fuzz.cpp $$(FUZZ_SOURCES.$(1))
	$$(call say,FUZZ,$$@)
	@mkdir -p $$(@D)
	$(Q)$(FUZZ_CXX) -std=c++20 -O1 $(TEST_FLAGS) \
	    -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
	    -MF $$@.d -MT $$@ -o $$@ $$(filter %.cpp,$$^) $$(FUZZ_FLAGS.$(1))
-include $(TESTS)/fuzz/$(1).d
fuzz-short-$(1): $(TESTS)/fuzz/$(1)
	@$(RECORD) fuzz.$(1) tests/fuzz/run $$< tests/fuzz/corpus/$(1) $$(FUZZ_FLOOR.$(1)) \
	    -runs=$$(FUZZ_RUNS.$(1)) -seed=1 $$(FUZZ_OPTIONS.$(1))
fuzz-long-$(1): $(TESTS)/fuzz/$(1)
	@mkdir -p $(TESTS)/fuzz/found/$(1)
	$$< -max_total_time=$(SECONDS_EACH) -artifact_prefix=$(TESTS)/fuzz/$(1)- -print_final_stats=1 \
	    $$(FUZZ_OPTIONS.$(1)) $(TESTS)/fuzz/found/$(1) tests/fuzz/corpus/$(1)
.PHONY: fuzz-short-$(1) fuzz-long-$(1)
endef
$(foreach target,$(FUZZ_TARGETS),$(eval $(call fuzz_target,$(target))))

.PHONY: fuzz fuzz-short fuzz-programs
fuzz-programs: $(FUZZ_TARGETS:%=$(TESTS)/fuzz/%)
fuzz-short: $(FUZZ_TARGETS:%=fuzz-short-%)
fuzz: $(FUZZ_TARGETS:%=fuzz-long-%)

# ---- the test kernel of VMs: freestanding, started by a multiboot loader ------------------------------------------------
VMTEST         := $(TESTS)/guest/vmtest.elf
VMTEST_OBJECTS := $(patsubst %,$(TESTS)/guest/o/%.o,$(wildcard tests/guest/*.cpp tests/guest/*.S))
VMTEST_FLAGS   := -std=c++20 -O2 -I. $(TEST_WARN) -MMD -MP -ffreestanding -fno-exceptions -fno-rtti -fno-pic \
                  -fno-threadsafe-statics -fno-stack-protector -fno-asynchronous-unwind-tables -mno-red-zone \
                  -mgeneral-regs-only -fcf-protection=none

$(TESTS)/guest/o/tests/guest/%.cpp.o: tests/guest/%.cpp
	$(call say,CXX,$<)
	@mkdir -p $(@D)
	$(Q)$(CXX) $(VMTEST_FLAGS) -c -o $@ $<
$(TESTS)/guest/o/tests/guest/%.S.o: tests/guest/%.S
	$(call say,AS,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) -I. -MMD -MP -c -o $@ $<
$(VMTEST): $(VMTEST_OBJECTS) tests/guest/vmtest.lds
	$(call say,LINK,$@)
	$(Q)$(LD) -nostdlib -no-pie -z noexecstack -z max-page-size=4096 --no-warn-rwx-segments -T tests/guest/vmtest.lds -o $@ $(VMTEST_OBJECTS)
-include $(VMTEST_OBJECTS:.o=.d)
.PHONY: vmtest
vmtest: $(VMTEST)

# ---- the entry oracle of vmm/vmx/ beside a CPU: a program without an operating system that Bochs boots --------------
# MODEL is one of Bochs' Intel CPUs, SEED and COUNT say which VMCSs and how many.
ENTRY_ORACLE := $(TESTS)/entry_oracle
MODEL ?= corei7_haswell_4770
COUNT ?= 100000

$(ENTRY_ORACLE)/program.cpp.o: tests/entry_oracle/program.cpp
	$(call say,CXX,$<)
	@mkdir -p $(@D)
	$(Q)$(CXX) $(VMTEST_FLAGS) -Ivmm/checks/on -c -o $@ $<
$(ENTRY_ORACLE)/program.bin: tests/entry_oracle/entry.S $(ENTRY_ORACLE)/program.cpp.o tests/entry_oracle/program.lds
	$(call say,LINK,$@)
	$(Q)$(CC) -c -o $(ENTRY_ORACLE)/entry.o $<
	$(Q)$(LD) -nostdlib -no-pie -z noexecstack --no-warn-rwx-segments -T tests/entry_oracle/program.lds \
	    -o $(@:.bin=.elf) $(ENTRY_ORACLE)/entry.o $(ENTRY_ORACLE)/program.cpp.o
	$(Q)objcopy -O binary $(@:.bin=.elf) $@
$(ENTRY_ORACLE)/disk: tests/entry_oracle/boot.S $(ENTRY_ORACLE)/program.bin
	$(call say,DISK,$@)
	$(Q)$(CC) -m32 -DSECTORS=$$((($$(stat -c %s $(ENTRY_ORACLE)/program.bin) + 511) / 512)) -c -o $(@D)/boot.o $<
	$(Q)$(LD) -m elf_i386 -Ttext=0x7c00 --oformat binary -o $(@D)/boot.bin $(@D)/boot.o
	$(Q)cat $(@D)/boot.bin $(@D)/program.bin >$@ && truncate -s 2064384 $@
-include $(ENTRY_ORACLE)/program.cpp.d

.PHONY: entry-oracle
entry-oracle: $(ENTRY_ORACLE)/disk
	@tests/entry_oracle/run $< $(MODEL) $(SEED) $(COUNT)

# ---- machine tests: one program that drives emulated machines through libvirt --------------------------------------
MACHINE_TEST_SOURCES := $(wildcard tests/machine/harness/*.cpp tests/machine/suites/*.cpp)
MACHINE_TEST_OBJECTS := $(MACHINE_TEST_SOURCES:%=$(TESTS)/machine/o/%.o)
MACHINE_TESTS        := $(TESTS)/machine/machine-tests
GUEST_TOOL_SOURCES   := $(wildcard tests/machine/tools/*.cpp)
GUEST_TOOL_OBJECTS   := $(GUEST_TOOL_SOURCES:%=$(TESTS)/guest/o/%.o) \
                        $(addprefix $(TESTS)/guest/o/tests/guest/,extended_pattern.cpp.o turns.cpp.o)
GUEST_TOOL           := $(TESTS)/guest/vmnix-probe
GUEST_KMOD           := $(KERNELS:%=$(TESTS)/guest/%/vmnix_poke.ko)
TEST_INITRDS         := $(KERNELS:%=$(TESTS)/machine/initrd-%) $(KERNELS:%=$(TESTS)/machine/initrd-kexec-%) \
                        $(KERNELS:%=$(TESTS)/machine/initrd-guests-%) $(TESTS)/machine/initrd-others-6.12 \
                        $(TESTS)/machine/initrd-move-6.1

$(TESTS)/machine/o/%.cpp.o: %.cpp
	$(call say,CXX,$<)
	@mkdir -p $(@D)
	$(Q)$(TEST_CXX) -std=c++20 $(call optimised,$<) $(TEST_FLAGS) -c -o $@ $<
$(MACHINE_TESTS): $(MACHINE_TEST_OBJECTS)
	$(call say,LINK,$@)
	$(Q)$(TEST_CXX) -o $@ $^ -lvirt -lvirt-qemu -lfmt -lgmock -lgtest -pthread
-include $(MACHINE_TEST_OBJECTS:.o=.d)

# libvirt has no word for the emulator's threads: a program that adds it stands in for the emulator.
ONE_THREAD := $(TESTS)/machine/emulator-with-one-thread
$(ONE_THREAD): tests/machine/emulator-with-one-thread
	@mkdir -p $(@D)
	$(Q)sed "s#@EMULATOR@#$(abspath $(BUILD))/tools/qemu-system-x86_64#" $< >$@ && chmod +x $@

# The harness knows the build's folder only.
BOCHS_MACHINE := $(TESTS)/machine/bochs-machine
$(BOCHS_MACHINE): $(BUILD)/setup.mk
	@mkdir -p $(@D)
	@printf '#!/bin/sh\nBUILD=%s exec %s "$$@"\n' $(abspath $(BUILD) scripts/bochs-machine) >$@ && chmod +x $@

# Runs inside the test machines, whose userland has no C library: hence static.
$(TESTS)/guest/o/%.cpp.o: %.cpp
	$(call say,CXX,$<)
	@mkdir -p $(@D)
	$(Q)$(TEST_CXX) -std=c++20 -Os $(TEST_FLAGS) -fno-exceptions -fno-rtti -c -o $@ $<
$(GUEST_TOOL): $(GUEST_TOOL_OBJECTS)
	$(call say,LINK,$@)
	$(Q)$(TEST_CXX) -static -s -o $@ $^
-include $(GUEST_TOOL_OBJECTS:.o=.d)

# The module that does what no program can: a copy of the folder per kernel, as Kbuild writes beside the sources.
GUEST_KMOD_SOURCES   := $(wildcard tests/machine/kmod/*) tests/plugin/sections.h
$(GUEST_KMOD): $(TESTS)/guest/%/vmnix_poke.ko: $(GUEST_KMOD_SOURCES)
	$(call say,MODULE,$@)
	@mkdir -p $(@D)
	@cp $(GUEST_KMOD_SOURCES) $(@D)/
	$(Q)$(MAKE) --no-print-directory -C $(KDIR_$*) M=$(abspath $(@D)) modules >$(@D)/make.log 2>&1 || { cat $(@D)/make.log; false; }

TEST_GUESTS          := $(foreach k,$(KERNELS),$(TESTS)/machine/guest-$(k).vmlinuz $(TESTS)/machine/guest-$(k).cpio.gz)

# The kernel unpacks archives that follow one another: the console's own, then what only tests need.
define test_initrds
$(TESTS)/machine/initrd-$(1): $(BUILD)/machine/$(1)/console.cpio.gz $(GUEST_TOOL) $(TESTS)/guest/$(1)/vmnix_poke.ko \
                             $(VMTEST) tests/machine/pack
	$$(call say,INITRD,$$@)
	@mkdir -p $$(@D)
	$(Q)tests/machine/pack $$@ $$< usr/lib/vmnix/tests $(GUEST_TOOL) $(TESTS)/guest/$(1)/vmnix_poke.ko $(VMTEST)
$(TESTS)/machine/initrd-kexec-$(1): $(TESTS)/machine/initrd-$(1) $(BUILD)/machine/$(1)/console.vmlinuz tests/machine/pack
	$$(call say,INITRD,$$@)
	$(Q)tests/machine/pack $$@ $$< boot $(BUILD)/machine/$(1)/console.vmlinuz $(TESTS)/machine/initrd-$(1)
# The guests of all kernels, each under its kernel's name.
$(TESTS)/machine/guest-$(1).vmlinuz: $(BUILD)/machine/$(1)/console.vmlinuz
	@mkdir -p $$(@D) && cp $$< $$@
$(TESTS)/machine/guest-$(1).cpio.gz: $(BUILD)/machine/$(1)/guest.cpio.gz
	@mkdir -p $$(@D) && cp $$< $$@
$(TESTS)/machine/initrd-guests-$(1): $(TESTS)/machine/initrd-$(1) $(TEST_GUESTS) tests/machine/pack
	$$(call say,INITRD,$$@)
	$(Q)tests/machine/pack $$@ $$< boot $(TEST_GUESTS)
# Debian's kernel as an ELF file, and its memtest86+.
$(TESTS)/machine/vmlinux-$(1)/vmlinux: $(BUILD)/machine/$(1)/console.vmlinuz tests/machine/extract-vmlinux
	@mkdir -p $$(@D)
	$(Q)tests/machine/extract-vmlinux $$< $$@
$(TESTS)/machine/initrd-others-$(1): $(TESTS)/machine/initrd-$(1) $(TESTS)/machine/vmlinux-$(1)/vmlinux $(MEMTEST) \
                                     tests/machine/pack
	$$(call say,INITRD,$$@)
	$(Q)tests/machine/pack $$@ $$< boot $(TESTS)/machine/vmlinux-$(1)/vmlinux $(MEMTEST)
endef
$(foreach kernel,$(KERNELS),$(eval $(call test_initrds,$(kernel))))
# The next console of 6.1.
$(TESTS)/machine/next.vmlinuz: $(BUILD)/machine/6.12/console.vmlinuz
	@mkdir -p $(@D) && cp $< $@
$(TESTS)/machine/next.cpio.gz: $(TESTS)/machine/initrd-6.12
	@mkdir -p $(@D) && cp $< $@
$(TESTS)/machine/initrd-move-6.1: $(TESTS)/machine/initrd-6.1 $(TESTS)/machine/next.vmlinuz $(TESTS)/machine/next.cpio.gz \
                                  tests/machine/pack
	$(call say,INITRD,$@)
	$(Q)tests/machine/pack $@ $< boot $(TESTS)/machine/next.vmlinuz $(TESTS)/machine/next.cpio.gz
.SECONDARY: $(GUEST_KMOD)

# The assertion build (CHECKS=on, vmm/checks/on) in the same machines: its image and module lie over the release's.
CHECKED         := $(TESTS)/checked
CHECKED_INITRDS := $(KERNELS:%=$(TESTS)/machine/initrd-checked-%)

.PHONY: checked-build
checked-build: $(BUILD)/setup.mk
	@mkdir -p $(CHECKED)
	@cmp -s $< $(CHECKED)/setup.mk || cp $< $(CHECKED)/setup.mk
	@touch $(CHECKED)/setup.mk
	$(Q)$(MAKE) --no-print-directory BUILD=$(CHECKED) CHECKS=on modules
$(CHECKED_INITRDS): $(TESTS)/machine/initrd-checked-%: $(TESTS)/machine/initrd-% checked-build
	$(call say,INITRD,$@)
	$(Q)tests/machine/pack $@.part $< lib/firmware/vmnix $(CHECKED)/vmkernel
	$(Q)tests/machine/pack $@ $@.part lib/modules/$(KRELEASE_$*)/extra $(CHECKED)/modules/$*/vmkmod.ko
	@rm $@.part

.PHONY: machine-programs machine
machine-programs: $(MACHINE_TESTS) $(ONE_THREAD) $(BOCHS_MACHINE) $(TEST_INITRDS) $(CHECKED_INITRDS)
machine: machine-programs
	@tests/run machine

# ---- benchmarks: instructions, counted by a plugin of the emulator; never wall time ------------------------------------
PLUGIN        := $(TESTS)/plugin/exit_cost.so
BENCH         := $(TESTS)/machine/bench
BENCH_OBJECTS := $(filter-out %/main.cpp.o,$(filter $(TESTS)/machine/o/tests/machine/harness/%,$(MACHINE_TEST_OBJECTS))) \
                 $(TESTS)/machine/o/tests/machine/suites/console.cpp.o \
                 $(TESTS)/machine/o/tests/machine/suites/guest_vm.cpp.o $(TESTS)/machine/o/tests/machine/suites/vm.cpp.o \
                 $(TESTS)/machine/o/tests/unit/sched/water_filling.cpp.o \
                 $(patsubst %,$(TESTS)/machine/o/%.o,$(wildcard tests/bench/*.cpp))

$(PLUGIN): $(wildcard tests/plugin/*)
	$(call say,PLUGIN,$@)
	@mkdir -p $(@D)
	$(Q)$(TEST_CXX) -std=c++20 -O2 -I. $(TEST_WARN) -fvisibility=hidden -fPIC -shared -o $@ tests/plugin/exit_cost.cpp
$(BENCH): $(BENCH_OBJECTS)
	$(call say,LINK,$@)
	$(Q)$(TEST_CXX) -o $@ $^ -lvirt -lvirt-qemu -lfmt -lgtest -pthread
-include $(BENCH_OBJECTS:.o=.d)

# A VMM that is told the length of an instruction, as by CPUs that have NRIP; no emulator here has.
KNOWN_LENGTH := $(TESTS)/known-length
KNOWN_INITRD := $(TESTS)/machine/initrd-known-length-6.12
.PHONY: known-length-build
known-length-build: $(BUILD)/setup.mk
	@mkdir -p $(KNOWN_LENGTH)
	@cmp -s $< $(KNOWN_LENGTH)/setup.mk || cp $< $(KNOWN_LENGTH)/setup.mk
	@touch $(KNOWN_LENGTH)/setup.mk
	$(Q)$(MAKE) --no-print-directory BUILD=$(KNOWN_LENGTH) INSTEAD=tests/bench/known_length modules
$(KNOWN_INITRD): $(TESTS)/machine/initrd-6.12 known-length-build
	$(call say,INITRD,$@)
	$(Q)tests/machine/pack $@.part $< lib/firmware/vmnix $(KNOWN_LENGTH)/vmkernel
	$(Q)tests/machine/pack $@ $@.part lib/modules/$(KRELEASE_6.12)/extra $(KNOWN_LENGTH)/modules/6.12/vmkmod.ko
	@rm $@.part

.PHONY: bench bench-programs
bench-programs: $(BENCH) $(PLUGIN) $(TEST_INITRDS) $(KNOWN_INITRD)
bench: bench-programs
	@$(BENCH) $(BUILD)/bench.json

# ---- the campaign: consoles that die at random. N injections in all, of SEED, for at most LIMIT seconds ---------------
CAMPAIGN         := $(TESTS)/machine/campaign
CAMPAIGN_OBJECTS := $(filter-out %/main.cpp.o,$(filter $(TESTS)/machine/o/tests/machine/harness/%,$(MACHINE_TEST_OBJECTS))) \
                    $(patsubst %,$(TESTS)/machine/o/tests/machine/suites/%.cpp.o,console guest_vm vm mortal_console) \
                    $(patsubst %,$(TESTS)/machine/o/%.o,$(wildcard tests/campaign/*.cpp))
$(CAMPAIGN): $(CAMPAIGN_OBJECTS)
	$(call say,LINK,$@)
	$(Q)$(TEST_CXX) -o $@ $^ -lvirt -lvirt-qemu -lfmt -lgtest -pthread
-include $(CAMPAIGN_OBJECTS:.o=.d)

N     ?= 150
SEED  ?= 1
LIMIT ?= 86400
.PHONY: campaign campaign-programs
campaign-programs: $(CAMPAIGN) $(ONE_THREAD) $(TEST_INITRDS)
campaign: campaign-programs
	@$(CAMPAIGN) $(N) $(SEED) $(LIMIT) $(BUILD)/campaign-$(SEED).jsonl docs/campaign.md

# ---- the rest ----------------------------------------------------------------------------------------------------
.PHONY: check test test-all tidy
check test test-all:
	@MAKE='$(MAKE)' BUILD=$(BUILD) KERNEL=$(KERNEL) JOBS=$(JOBS) tests/run $@

# .clang-tidy says why each check is off. Files are analysed with the flags that they are built with.
tidy:
	@$(RECORD) clang-tidy tests/tidy
