# SPDX-License-Identifier: GPL-2.0-only
FLAGS.core   = $(FAKE_FLAGS)
SOURCES.core :=
OBJECTS.core = $(RIG_OBJECTS)
