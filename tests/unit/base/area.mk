# SPDX-License-Identifier: GPL-2.0-only
SOURCES.base := tests/unit/fakes/panic.cpp
