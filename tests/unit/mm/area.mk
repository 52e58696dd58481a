# SPDX-License-Identifier: GPL-2.0-only
SOURCES.mm := vmm/mm/memory_type.cpp tests/unit/fakes/panic.cpp
