# SPDX-License-Identifier: GPL-2.0-only
FLAGS.exit   = $(FAKE_FLAGS)
SOURCES.exit = $(FAKE_RIG)
