# SPDX-License-Identifier: GPL-2.0-only
# The target includes what it tests.
FUZZ_OPTIONS.image := -max_len=1024
FUZZ_RUNS.image    := 200000
FUZZ_FLOOR.image   := 115
