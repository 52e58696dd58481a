# SPDX-License-Identifier: GPL-2.0-only
FLAGS.svm   = $(FAKE_FLAGS)
SOURCES.svm = $(FAKE_RIG) tests/unit/fakes/svm_run.cpp $(wildcard vmm/svm/*.cpp)
