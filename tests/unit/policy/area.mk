# SPDX-License-Identifier: GPL-2.0-only
FLAGS.policy   = $(FAKE_FLAGS)
SOURCES.policy = $(FAKE_SOURCES) tests/unit/fakes/panic.cpp
