# SPDX-License-Identifier: GPL-2.0-only
FLAGS.vmx   = $(FAKE_FLAGS)
SOURCES.vmx = $(FAKE_SOURCES) tests/unit/fakes/panic.cpp
