# SPDX-License-Identifier: GPL-2.0-only
FLAGS.svm   = $(FAKE_FLAGS)
SOURCES.svm :=
OBJECTS.svm = $(RIG_OBJECTS)
