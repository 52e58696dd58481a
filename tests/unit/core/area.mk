# SPDX-License-Identifier: GPL-2.0-only
FLAGS.core    = $(FAKE_FLAGS)
SOURCES.core  = $(FAKE_RIG)
