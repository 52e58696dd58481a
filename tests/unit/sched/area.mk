# SPDX-License-Identifier: GPL-2.0-only
# They compute for a minute without.
FLAGS.sched = -O1
PRECOMPILED.sched :=
SOURCES.sched = $(wildcard vmm/sched/*.cpp) tests/unit/fakes/panic.cpp
