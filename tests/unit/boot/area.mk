# SPDX-License-Identifier: GPL-2.0-only
# The kernels are Debian's own, which scripts/setup fetches for the machine tests.
SOURCES.boot := $(wildcard console/boot/*.cpp) console/text/units.cpp
FLAGS.boot    = -DVMNIX_KERNELS='"$(foreach kernel,$(KERNELS),$(VMLINUZ_$(kernel)))"'
LIBS.boot     = -lfmt
