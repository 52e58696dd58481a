# SPDX-License-Identifier: GPL-2.0-only
# They compute for a minute without.
FLAGS.decode = -O1
PRECOMPILED.decode :=
LIBS.decode = -lZydis
