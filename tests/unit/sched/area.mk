# SPDX-License-Identifier: GPL-2.0-only
SOURCES.sched = $(wildcard vmm/sched/*.cpp) tests/unit/fakes/panic.cpp
