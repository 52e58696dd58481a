# SPDX-License-Identifier: GPL-2.0-only
FLAGS.vmx   = $(FAKE_FLAGS)
SOURCES.vmx :=
OBJECTS.vmx = $(RIG_OBJECTS)
