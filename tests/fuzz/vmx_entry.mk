# SPDX-License-Identifier: GPL-2.0-only
FUZZ_SOURCES.vmx_entry := $(FAKE_SOURCES) tests/unit/fakes/panic.cpp
FUZZ_FLAGS.vmx_entry   := $(FAKE_FLAGS)
FUZZ_OPTIONS.vmx_entry := -max_len=200
FUZZ_RUNS.vmx_entry    := 200000
FUZZ_FLOOR.vmx_entry   := 500
