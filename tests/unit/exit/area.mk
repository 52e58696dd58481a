# SPDX-License-Identifier: GPL-2.0-only
FLAGS.exit   = $(FAKE_FLAGS)
SOURCES.exit :=
OBJECTS.exit = $(RIG_OBJECTS)
